//! What a user signs in with, and everything else that it has: read, made inactive, removed.

use snowgate_core::identity::UserKey;

use super::*;

/// A list of one, and whether more of it follows.
fn page(list: &str, item: &str, next: Option<&str>) -> Answer {
    let next = next.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |marker| format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"),
    );
    Answer::Result(format!("<{list}><member>{item}</member></{list}>{next}"))
}

const DATE: &str = "2026-05-02T14:05:00Z";

/// What IAM lists of the nth of each kind.
fn listed(action: &str, n: u8, next: Option<&str>) -> Answer {
    let name = "<UserName>ci-billing</UserName>";
    let status = ["Active", "Inactive"][usize::from(n)];
    let status = format!("<Status>{status}</Status>");
    match action {
        "ListAccessKeys" => {
            let item = format!("{name}<AccessKeyId>AKIA{n}</AccessKeyId>{status}");
            page("AccessKeyMetadata", &item, next)
        }
        "ListMFADevices" => {
            let item =
                format!("{name}<SerialNumber>mfa{n}</SerialNumber><EnableDate>{DATE}</EnableDate>");
            page("MFADevices", &item, next)
        }
        "ListSSHPublicKeys" => {
            let date = format!("<UploadDate>{DATE}</UploadDate>");
            let item = format!("{name}<SSHPublicKeyId>APKA{n}</SSHPublicKeyId>{status}{date}");
            page("SSHPublicKeys", &item, next)
        }
        "ListSigningCertificates" => {
            let id = format!("<CertificateId>CERT{n}</CertificateId>");
            let item = format!("{name}{id}<CertificateBody>x</CertificateBody>{status}");
            page("Certificates", &item, next)
        }
        _ => {
            let id = format!("<ServiceSpecificCredentialId>ACCA{n}</ServiceSpecificCredentialId>");
            let named = "<ServiceUserName>x</ServiceUserName><ServiceName>s</ServiceName>";
            let date = format!("<CreateDate>{DATE}</CreateDate>");
            let item = format!("{name}{id}{named}{date}{status}");
            page("ServiceSpecificCredentials", &item, next)
        }
    }
}

const LISTS: [&str; 5] = [
    "ListAccessKeys",
    "ListMFADevices",
    "ListSSHPublicKeys",
    "ListSigningCertificates",
    "ListServiceSpecificCredentials",
];

#[tokio::test]
async fn every_list_is_read_to_its_end() {
    let mut answers = Vec::new();
    for action in LISTS {
        answers.push((action, listed(action, 0, Some("more"))));
        answers.push((action, listed(action, 1, None)));
    }
    let login = format!(
        "<LoginProfile><UserName>ci-billing</UserName><CreateDate>{DATE}</CreateDate></LoginProfile>"
    );
    answers.push(("GetLoginProfile", result(&login)));
    let (member, script) = member(&answers);
    let found = member.credentials(&principal()).await.unwrap().unwrap();
    let two = |kind: &str| [format!("{kind}0"), format!("{kind}1")].to_vec();
    let key = |id: &str, is_active| UserKey {
        id: id.to_owned(),
        is_active,
    };
    let wanted = UserCredentials {
        keys: vec![key("AKIA0", true), key("AKIA1", false)],
        has_login: true,
        mfa_devices: two("mfa"),
        ssh_keys: two("APKA"),
        certificates: two("CERT"),
        service_credentials: two("ACCA"),
    };
    assert_eq!(found, wanted);
    let asked = script.asked();
    let markers: Vec<_> = asked.iter().map(|one| one.get("Marker")).collect();
    let more = "more".to_owned();
    for pair in markers[..10].chunks(2) {
        assert_eq!(pair, [None, Some(&more)]);
    }
    assert!(asked.iter().all(|one| one["UserName"] == "ci-billing"));
}

#[tokio::test]
async fn a_list_that_leads_nowhere_is_not_taken_for_the_whole() {
    let service = "ListServiceSpecificCredentials";
    let nowhere = "<ServiceSpecificCredentials></ServiceSpecificCredentials>\
                   <IsTruncated>true</IsTruncated>";
    let again = || listed(service, 0, Some("same"));
    for ends in [vec![result(nowhere)], vec![again(), again()]] {
        let mut answers: Vec<_> = LISTS[..4]
            .iter()
            .map(|one| (*one, listed(one, 0, None)))
            .collect();
        answers.extend(ends.into_iter().map(|answer| (service, answer)));
        let (member, script) = member(&answers);
        let error = member.credentials(&principal()).await.unwrap_err();
        assert_eq!(code(error), ("UnreadableAnswer".to_owned(), true));
        script.asked();
    }
}

#[tokio::test]
async fn keys_that_may_be_used_are_made_inactive_and_others_left() {
    let (member, script) = member(&[
        ("ListAccessKeys", listed("ListAccessKeys", 0, Some("more"))),
        ("ListAccessKeys", listed("ListAccessKeys", 1, None)),
        ("UpdateAccessKey", Answer::Failed(404, "NoSuchEntity")),
    ]);
    member.deactivate_keys(&principal()).await.unwrap();
    let asked = script.asked().remove(2);
    let named = ["AccessKeyId", "Status", "UserName"].map(|name| asked[name].as_str());
    assert_eq!(named, ["AKIA0", "Inactive", "ci-billing"]);
}

/// Each part, the call that removes it, and what it names it by.
fn parts() -> Vec<(UserPart, &'static str, &'static str)> {
    let named = || "x".to_owned();
    vec![
        (
            UserPart::AccessKey(named()),
            "DeleteAccessKey",
            "AccessKeyId",
        ),
        (UserPart::LoginProfile, "DeleteLoginProfile", ""),
        (
            UserPart::MfaDevice(named()),
            "DeactivateMFADevice",
            "SerialNumber",
        ),
        (
            UserPart::SshKey(named()),
            "DeleteSSHPublicKey",
            "SSHPublicKeyId",
        ),
        (
            UserPart::SigningCertificate(named()),
            "DeleteSigningCertificate",
            "CertificateId",
        ),
        (
            UserPart::ServiceCredential(named()),
            "DeleteServiceSpecificCredential",
            "ServiceSpecificCredentialId",
        ),
        (UserPart::Group(named()), "RemoveUserFromGroup", "GroupName"),
        (
            UserPart::AttachedPolicy(named()),
            "DetachUserPolicy",
            "PolicyArn",
        ),
        (
            UserPart::InlinePolicy(named()),
            "DeleteUserPolicy",
            "PolicyName",
        ),
    ]
}

#[tokio::test]
async fn each_part_is_removed_by_its_call_and_what_is_gone_needs_none() {
    for (part, action, member_of) in parts() {
        let (member, script) = member(&[
            (action, result("")),
            (action, Answer::Failed(404, "NoSuchEntity")),
        ]);
        for _ in 0..2 {
            member.remove(&principal(), &part).await.unwrap();
        }
        for asked in script.asked() {
            assert_eq!(asked["UserName"], "ci-billing");
            let name = asked.get(member_of).map(String::as_str);
            assert_eq!(name, (!member_of.is_empty()).then_some("x"), "{action}");
        }
    }
}

#[tokio::test]
async fn what_iam_refuses_is_passed_on_by_its_code_alone() {
    for (part, action, _) in parts() {
        for (status, refused, is_transient) in [
            (403, "AccessDenied", false),
            (409, "EntityTemporarilyUnmodifiable", true),
            (409, "ConcurrentModification", true),
        ] {
            let (member, _) = member(&[(action, Answer::Failed(status, refused))]);
            let error = member.remove(&principal(), &part).await.unwrap_err();
            assert_eq!(code(error), (refused.to_owned(), is_transient), "{action}");
        }
    }
}
