//! The local AWS, and what the tests make in it.

mod effects;
mod names;
mod users;

use std::env;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use aws_sdk_iam::config::Credentials;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use snowgate_core::id::{AccountId, RequestId, hex};
use snowgate_core::principal::PrincipalKey;
use testkit::samples::random;

/// The account that the credentials `test` belong to.
pub(crate) const HUB: &str = "000000000000";
/// What target accounts ask for.
pub(crate) const EXTERNAL_ID: &str = "snowgate-test-hub";
/// A trust policy for a role that nobody assumes.
pub(crate) const TRUSTS_NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A local AWS.
pub(crate) struct Stack {
    pub(crate) config: SdkConfig,
}

/// A name that nothing else has.
pub(crate) fn name(what: &str) -> String {
    format!("{}-{what}", hex(&random::<6>()))
}

/// An account that nobody has used.
pub(crate) fn account() -> AccountId {
    let number = u64::from_be_bytes(random()) % 900_000_000_000;
    format!("{}", 100_000_000_000 + number).parse().unwrap()
}

/// The local AWS; none where there is none and none is demanded.
pub(crate) async fn stack() -> Option<Stack> {
    let needs = "set SNOWGATE_AWS_ENDPOINT to a local AWS, such as MiniStack with AUTH=true";
    let Ok(endpoint) = env::var("SNOWGATE_AWS_ENDPOINT") else {
        for demanded in ["CI", "SNOWGATE_REQUIRE_STACK"] {
            assert!(env::var_os(demanded).is_none(), "{needs}");
        }
        eprintln!("not run: {needs}");
        return None;
    };
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials("test"))
        .http_client(
            https::for_sdk(&https::HttpsSettings {
                roots: https::Roots::System,
                plain: true,
                connect: Duration::from_secs(3),
                idle: Duration::from_secs(20),
                idle_connections: 8,
            })
            .unwrap(),
        )
        .load()
        .await;
    Some(Stack { config })
}

fn credentials(key: &str) -> Credentials {
    Credentials::new(key, "test", None, None, "test")
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .unwrap()
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind)
        .build()
        .unwrap()
}

/// The indexes of the table `requests` in the template, in its order.
fn indexes_of_the_template() -> Vec<&'static str> {
    let template = include_str!("../../../../template.yaml").lines();
    let names = template.filter_map(|line| line.trim().strip_prefix("- IndexName: "));
    names.collect()
}

fn index(name: &str, hash: &str, range: &str, projection: ProjectionType) -> GlobalSecondaryIndex {
    let attributes = match projection {
        ProjectionType::Include => Some(vec!["state".to_owned()]),
        _ => None,
    };
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key(hash, KeyType::Hash))
        .key_schema(key(range, KeyType::Range))
        .projection(
            Projection::builder()
                .projection_type(projection)
                .set_non_key_attributes(attributes)
                .build(),
        )
        .build()
        .unwrap()
}

impl Stack {
    /// The tables `requests` and `tokens`, as the template describes them.
    pub(crate) async fn tables(&self) -> (String, String) {
        assert_eq!(
            indexes_of_the_template(),
            ["due", "ends", "client_record", "users"]
        );
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let (requests, tokens) = (name("requests"), name("tokens"));
        let (text, number) = (ScalarAttributeType::S, ScalarAttributeType::N);
        client
            .create_table()
            .table_name(&requests)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", text.clone()))
            .attribute_definitions(attribute("sk", text.clone()))
            .attribute_definitions(attribute("due_bucket", text.clone()))
            .attribute_definitions(attribute("due_at", number.clone()))
            .attribute_definitions(attribute("client_record", text.clone()))
            .attribute_definitions(attribute("ends_bucket", text.clone()))
            .attribute_definitions(attribute("ends_at", number.clone()))
            .attribute_definitions(attribute("users_account", text.clone()))
            .attribute_definitions(attribute("users_name", text.clone()))
            .attribute_definitions(attribute("created_at", number))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(index(
                "due",
                "due_bucket",
                "due_at",
                ProjectionType::KeysOnly,
            ))
            .global_secondary_indexes(index(
                "ends",
                "ends_bucket",
                "ends_at",
                ProjectionType::KeysOnly,
            ))
            .global_secondary_indexes(index(
                "client_record",
                "client_record",
                "created_at",
                ProjectionType::Include,
            ))
            .global_secondary_indexes(index(
                "users",
                "users_account",
                "users_name",
                ProjectionType::KeysOnly,
            ))
            .send()
            .await
            .unwrap();
        client
            .create_table()
            .table_name(&tokens)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", text))
            .key_schema(key("pk", KeyType::Hash))
            .send()
            .await
            .unwrap();
        (requests, tokens)
    }

    /// Puts a request that is none into a table.
    pub(crate) async fn put_broken_request(&self, table: &str, id: &RequestId) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        aws_sdk_dynamodb::Client::new(&self.config)
            .put_item()
            .table_name(table)
            .item("pk", text(&format!("REQ#{id}")))
            .item("sk", text("META"))
            .item("version", AttributeValue::N("0".to_owned()))
            .item("doc", text(r#"{"schema":9,"body":{}}"#))
            .send()
            .await
            .unwrap();
    }

    /// Puts an effect with any document under a key.
    pub(crate) async fn put_effect(
        &self,
        table: &str,
        principal: &PrincipalKey,
        key: &str,
        doc: &str,
    ) {
        let keys = [format!("PRN#{principal}"), format!("EFF#{key}")];
        self.put_item(table, keys, doc).await;
    }

    /// Puts an item with any document under its partition and sort key.
    pub(crate) async fn put_item(&self, table: &str, [pk, sk]: [String; 2], doc: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        aws_sdk_dynamodb::Client::new(&self.config)
            .put_item()
            .table_name(table)
            .item("pk", text(&pk))
            .item("sk", text(&sk))
            .item("doc", text(doc))
            .send()
            .await
            .unwrap();
    }

    /// A queue's URL.
    pub(crate) async fn queue(&self, what: &str, fifo: bool) -> String {
        let client = aws_sdk_sqs::Client::new(&self.config);
        let mut create = client.create_queue().queue_name(name(what));
        if fifo {
            create = create.attributes(QueueAttributeName::FifoQueue, "true");
        }
        create.send().await.unwrap().queue_url.unwrap()
    }

    /// All messages of a queue.
    pub(crate) async fn messages(&self, url: &str) -> Vec<Message> {
        let client = aws_sdk_sqs::Client::new(&self.config);
        let mut all = Vec::new();
        loop {
            let answer = client
                .receive_message()
                .queue_url(url)
                .message_attribute_names("All")
                .max_number_of_messages(10)
                .visibility_timeout(600)
                .send()
                .await
                .unwrap();
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            // The next messages of a FIFO group come when these are gone.
            for message in &messages {
                client
                    .delete_message()
                    .queue_url(url)
                    .receipt_handle(message.receipt_handle().unwrap())
                    .send()
                    .await
                    .unwrap();
            }
            all.extend(messages);
        }
    }

    /// A key for HMAC-SHA-256.
    pub(crate) async fn hmac_key(&self) -> String {
        let created = aws_sdk_kms::Client::new(&self.config)
            .create_key()
            .key_spec(KeySpec::Hmac256)
            .key_usage(KeyUsageType::GenerateVerifyMac)
            .send()
            .await
            .unwrap();
        created.key_metadata.unwrap().key_id
    }

    /// The ARN of a secret with this text.
    pub(crate) async fn secret(&self, text: &str) -> String {
        let created = aws_sdk_secretsmanager::Client::new(&self.config)
            .create_secret()
            .name(name("secret"))
            .secret_string(text)
            .send()
            .await
            .unwrap();
        created.arn.unwrap()
    }

    /// Lets e-mails be sent from this address.
    pub(crate) async fn verify_sender(&self, address: &str) {
        aws_sdk_sesv2::Client::new(&self.config)
            .create_email_identity()
            .email_identity(address)
            .send()
            .await
            .unwrap();
    }

    /// IAM of an account, with its administrator's credentials.
    pub(crate) fn iam_of(&self, account: &AccountId) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::config::Builder::from(&self.config)
            .credentials_provider(credentials(account.as_str()))
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }

    /// A role that may do anything in IAM and trusts the hub.
    pub(crate) async fn trusting_role(&self, iam: &aws_sdk_iam::Client, role: &str) {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{HUB}:root"}},"Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Condition":{{"StringEquals":{{"sts:ExternalId":"{EXTERNAL_ID}"}}}}}}]}}"#
        );
        iam.create_role()
            .role_name(role)
            .assume_role_policy_document(trust)
            .send()
            .await
            .unwrap();
        iam.put_role_policy()
            .role_name(role)
            .policy_name("rights")
            .policy_document(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#)
            .send()
            .await
            .unwrap();
    }

    /// The ARN of a managed policy.
    pub(crate) async fn policy(
        &self,
        iam: &aws_sdk_iam::Client,
        name: &str,
        document: &str,
    ) -> String {
        let created = iam
            .create_policy()
            .policy_name(name)
            .policy_document(document)
            .send()
            .await
            .unwrap();
        created.policy.unwrap().arn.unwrap()
    }

    /// Makes this the default version of a policy.
    pub(crate) async fn new_version(&self, iam: &aws_sdk_iam::Client, arn: &str, document: &str) {
        iam.create_policy_version()
            .policy_arn(arn)
            .policy_document(document)
            .set_as_default(true)
            .send()
            .await
            .unwrap();
    }
}
