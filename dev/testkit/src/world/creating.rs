//! The organisation where users can be created.

use serde_json::{Value, json};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::request::AccessRequest;

use super::{GUARDRAILS, World, at};
use crate::samples;

impl World {
    /// The organisation where users can be created with a tag `Team`; its target is one that is not there.
    #[must_use]
    pub fn with_users() -> Self {
        let inline = "inline_policies = true";
        let text = GUARDRAILS.replacen(inline, &format!("{inline}\nusers = true"), 1);
        let rules = "[users]\npath = \"/enrolled/\"\nprefix = \"ci-\"\ntags = [\"Team\"]\n";
        let mut world = Self {
            guardrails: Guardrails::parse(&format!("{text}{rules}")).unwrap(),
            ..Self::default()
        };
        world.target.name = "ci-billing".parse().unwrap();
        world.directory.set_now(at(0));
        world
    }

    /// The grants of a request for a new user with a policy.
    #[must_use]
    pub fn new_user_grants() -> Value {
        json!([
            {"type": "attach_managed_policy", "policy_arn": samples::policy()},
            {"type": "create_user", "tags": {"team": "billing"}},
        ])
    }

    /// What is asked for from a new ticket, with these grants.
    #[must_use]
    pub fn request_for(&self, grants: Value) -> AccessRequest {
        let mut body = samples::body(&self.ticket(), &self.target);
        if let Some(members) = body.as_object_mut() {
            members.insert("grants".to_owned(), grants);
        }
        AccessRequest::parse(body.to_string().as_bytes()).unwrap()
    }
}
