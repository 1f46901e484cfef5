//! Users that are made and ended, on lists as IAM shows them and on lists of one at a time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use aws_iam::{MemberRole, ReadRole, RoleToAssume};
use aws_sdk_iam::Client;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use snowgate_core::principal::Principal;
use testkit::contract::{self, Administrator, Given, UsersWorld};
use testkit::samples::random;

use super::{EXTERNAL_ID, account, name, stack};

const ROLE: &str = "snowgate-member";
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// The administrator of an account.
struct Root(Client);

impl Root {
    async fn enable_mfa_device(&self, user: &str) {
        let device = self.0.create_virtual_mfa_device();
        let device = device.virtual_mfa_device_name(name("device"));
        let device = device.send().await.unwrap().virtual_mfa_device.unwrap();
        let enable = self.0.enable_mfa_device().user_name(user);
        let enable = enable.serial_number(device.serial_number);
        let enable = enable.authentication_code1("123456");
        enable.authentication_code2("654321").send().await.unwrap();
    }

    async fn join_a_group(&self, user: &str) {
        let group = name("group");
        let create = self.0.create_group().group_name(&group);
        create.send().await.unwrap();
        let join = self.0.add_user_to_group().group_name(&group);
        join.user_name(user).send().await.unwrap();
    }

    async fn attach_a_policy(&self, user: &str) {
        let create = self.0.create_policy().policy_name(name("policy"));
        let policy = create.policy_document(NOTHING).send().await.unwrap();
        let attach = self.0.attach_user_policy().user_name(user);
        let attach = attach.policy_arn(policy.policy.unwrap().arn.unwrap());
        attach.send().await.unwrap();
    }
}

impl Administrator for Root {
    async fn give(&self, user: &Principal, given: Given) {
        let (iam, user) = (&self.0, user.name.as_str());
        match given {
            Given::AccessKey => {
                iam.create_access_key()
                    .user_name(user)
                    .send()
                    .await
                    .unwrap();
            }
            Given::LoginProfile => {
                let create = iam.create_login_profile().user_name(user);
                create.password("not-secret-1A!").send().await.unwrap();
            }
            Given::MfaDevice => self.enable_mfa_device(user).await,
            Given::SshKey => {
                let upload = iam.upload_ssh_public_key().user_name(user);
                let upload = upload.ssh_public_key_body(ssh_key());
                upload.send().await.unwrap();
            }
            Given::SigningCertificate => {
                let upload = iam.upload_signing_certificate().user_name(user);
                let upload = upload.certificate_body(certificate());
                upload.send().await.unwrap();
            }
            Given::ServiceCredential => {
                let create = iam.create_service_specific_credential().user_name(user);
                let create = create.service_name("codecommit.amazonaws.com");
                create.send().await.unwrap();
            }
            Given::Group => self.join_a_group(user).await,
            Given::AttachedPolicy => self.attach_a_policy(user).await,
            Given::InlinePolicy => {
                let put = iam.put_user_policy().user_name(user);
                let put = put.policy_name(name("policy")).policy_document(NOTHING);
                put.send().await.unwrap();
            }
        }
    }
}

/// An RSA public key of OpenSSH's form (RFC 4253, 6.6).
fn ssh_key() -> String {
    let part = |value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap().to_be_bytes();
        [length.as_slice(), value].concat()
    };
    let modulus = [[0, 0xff].as_slice(), random::<255>().as_slice()].concat();
    let blob = [part(b"ssh-rsa"), part(&[1, 0, 1]), part(&modulus)].concat();
    format!("ssh-rsa {} somebody@example.com", STANDARD.encode(blob))
}

/// What has the form of a certificate.
fn certificate() -> String {
    let der = [[0x30, 0x82].as_slice(), random::<600>().as_slice()].concat();
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let body = lines.join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----")
}

/// Lets every list show at most so many items at once, or as AWS does.
fn show_at_once(items: &str) {
    let endpoint = std::env::var("SNOWGATE_AWS_ENDPOINT").unwrap();
    let address = endpoint
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/');
    let body = format!(r#"{{"page":{items}}}"#);
    let head = format!("POST /_ministack/iam HTTP/1.1\r\nHost: {address}\r\nConnection: close");
    let head = format!(
        "{head}\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{head}\r\n\r\n{body}").unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// Lists as AWS shows them again, whatever became of the test.
struct Cut;

impl Cut {
    fn at(items: u8) -> Self {
        show_at_once(&items.to_string());
        Self
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        show_at_once("null");
    }
}

#[tokio::test]
async fn users() {
    let Some(stack) = stack().await else { return };
    let account = account();
    let root = Root(stack.iam_of(&account));
    stack.trusting_role(&root.0, ROLE).await;
    let boundary = stack.policy(&root.0, "SnowgateBoundary", NOTHING).await;
    let world = UsersWorld {
        boundary: boundary.parse().unwrap(),
        unprepared: super::account(),
        now: Timestamp::now(),
        account,
    };
    let role = RoleToAssume::new("aws", ROLE, EXTERNAL_ID, "snowgate-test").unwrap();
    let member = MemberRole::new(&stack.config, role, ports::Clock::new(Timestamp::now));
    contract::users(&member, &root, &world).await;
    let role = RoleToAssume::new("aws", ROLE, EXTERNAL_ID, "snowgate-directory").unwrap();
    let reader = ReadRole::new(&stack.config, role, ports::Clock::new(Timestamp::now));
    contract::described(&member, &reader, &root, &world).await;
    // One item on each page: others that read lists meanwhile read them to their end as well.
    for items in [2, 1] {
        let _cut = Cut::at(items);
        contract::users(&member, &root, &world).await;
        contract::described(&member, &reader, &root, &world).await;
    }
}
