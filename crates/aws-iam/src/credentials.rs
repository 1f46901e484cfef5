//! What a user signs in with, and everything else that stands in the way of its deletion.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use ports::CallError;
use snowgate_core::identity::{UserCredentials, UserKey, UserPart};
use snowgate_core::principal::Principal;

use crate::holder::{found, unreadable};
use crate::member_role::{delete, detach, done, gone, leave};

pub(crate) const LIST_KEYS: &str = "iam:ListAccessKeys";
pub(crate) const UPDATE_KEY: &str = "iam:UpdateAccessKey";

/// All credentials of a user; none where there is no such user.
pub(crate) async fn of_user(
    iam: &Client,
    user: &str,
) -> Result<Option<UserCredentials>, CallError> {
    let Some(keys) = keys(iam, user).await? else {
        return Ok(None);
    };
    let mfa = iam.list_mfa_devices().user_name(user);
    let mfa = mfa.into_paginator().items().send().collect().await;
    let mfa: Option<Vec<_>> = found("iam:ListMFADevices", mfa)?;
    let ssh = iam.list_ssh_public_keys().user_name(user);
    let ssh = ssh.into_paginator().items().send().collect().await;
    let ssh: Option<Vec<_>> = found("iam:ListSSHPublicKeys", ssh)?;
    let certificates = iam.list_signing_certificates().user_name(user);
    let certificates = certificates.into_paginator().items().send().collect().await;
    let certificates: Option<Vec<_>> = found("iam:ListSigningCertificates", certificates)?;
    let service_credentials = service_credentials(iam, user).await?;
    let login = iam.get_login_profile().user_name(user).send().await;
    let login = found("iam:GetLoginProfile", login)?;
    // Where one is missing, the user was deleted in between.
    let (Some(mfa), Some(ssh), Some(certificates), Some(service_credentials)) =
        (mfa, ssh, certificates, service_credentials)
    else {
        return Ok(None);
    };
    Ok(Some(UserCredentials {
        keys,
        has_login: login.is_some(),
        mfa_devices: mfa.into_iter().map(|one| one.serial_number).collect(),
        ssh_keys: ssh.into_iter().map(|one| one.ssh_public_key_id).collect(),
        certificates: certificates
            .into_iter()
            .map(|one| one.certificate_id)
            .collect(),
        service_credentials,
    }))
}

/// Makes every key inactive. One that is deleted meanwhile needs it no more.
pub(crate) async fn deactivate_keys(iam: &Client, user: &str) -> Result<(), CallError> {
    let keys = keys(iam, user).await?.unwrap_or_default();
    for key in keys.into_iter().filter(|key| key.is_active) {
        let call = iam.update_access_key().user_name(user);
        let call = call.access_key_id(key.id).status(StatusType::Inactive);
        gone(done(UPDATE_KEY, call.send().await))?;
    }
    Ok(())
}

/// Removes something that a user has.
pub(crate) async fn remove(
    iam: &Client,
    principal: &Principal,
    part: &UserPart,
) -> Result<(), CallError> {
    let user = principal.name.as_str();
    match part {
        UserPart::AccessKey(id) => {
            let call = iam.delete_access_key().user_name(user).access_key_id(id);
            done("iam:DeleteAccessKey", call.send().await)
        }
        UserPart::LoginProfile => {
            let call = iam.delete_login_profile().user_name(user);
            done("iam:DeleteLoginProfile", call.send().await)
        }
        UserPart::MfaDevice(serial) => {
            let call = iam.deactivate_mfa_device().user_name(user);
            let call = call.serial_number(serial);
            done("iam:DeactivateMFADevice", call.send().await)
        }
        UserPart::SshKey(id) => {
            let call = iam.delete_ssh_public_key().user_name(user);
            let call = call.ssh_public_key_id(id);
            done("iam:DeleteSSHPublicKey", call.send().await)
        }
        UserPart::SigningCertificate(id) => {
            let call = iam.delete_signing_certificate().user_name(user);
            let call = call.certificate_id(id);
            done("iam:DeleteSigningCertificate", call.send().await)
        }
        UserPart::ServiceCredential(id) => {
            let call = iam.delete_service_specific_credential().user_name(user);
            let call = call.service_specific_credential_id(id);
            done("iam:DeleteServiceSpecificCredential", call.send().await)
        }
        UserPart::Group(name) => leave(iam, principal, name).await,
        UserPart::AttachedPolicy(arn) => detach(iam, principal, arn).await,
        UserPart::InlinePolicy(name) => delete(iam, principal, name).await,
    }
}

/// The access keys of a user; none where there is no such user.
async fn keys(iam: &Client, user: &str) -> Result<Option<Vec<UserKey>>, CallError> {
    let asked = iam.list_access_keys().user_name(user);
    let pages = asked.into_paginator().items().send();
    let keys: Option<Vec<_>> = found(LIST_KEYS, pages.collect().await)?;
    keys.map(|keys| keys.into_iter().map(user_key).collect())
        .transpose()
}

/// A key in an answer. Whatever is not said to be inactive may be used.
fn user_key(key: AccessKeyMetadata) -> Result<UserKey, CallError> {
    Ok(UserKey {
        id: key.access_key_id.ok_or_else(|| unreadable(LIST_KEYS))?,
        is_active: key.status != Some(StatusType::Inactive),
    })
}

/// The ids of the service-specific credentials of a user; none where there is no such user. The SDK has no
/// paginator for them.
async fn service_credentials(iam: &Client, user: &str) -> Result<Option<Vec<String>>, CallError> {
    const LIST: &str = "iam:ListServiceSpecificCredentials";
    let (mut ids, mut marker) = (Vec::new(), None);
    loop {
        let asked = iam.list_service_specific_credentials().user_name(user);
        let asked = asked.set_marker(marker.clone());
        let Some(page) = found(LIST, asked.send().await)? else {
            return Ok(None);
        };
        let credentials = page.service_specific_credentials.unwrap_or_default();
        let page_ids = credentials.into_iter();
        ids.extend(page_ids.map(|one| one.service_specific_credential_id));
        if !page.is_truncated {
            return Ok(Some(ids));
        }
        // A list that goes on nowhere, or where it was already, would be cut, or never end.
        if page.marker.is_none() || page.marker == marker {
            return Err(unreadable(LIST));
        }
        marker = page.marker;
    }
}
