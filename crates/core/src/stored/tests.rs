//! What was written stays readable: the documents in `golden/` are what is written today, and read
//! as what they were written from. They are never edited; one that is missing is added by running
//! these tests with `GOLDEN=add`.

mod extremes;
mod identities;
mod kinds;
mod managers;
mod samples;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::*;
use crate::aggregate::Aggregate;
use crate::audit::TrailFault;
use crate::audit::{StoredRow, TrailEvidence};
use crate::id::Digest;
use crate::record::tests::{ONE, TWO, asked, request, slot};

/// The golden document of this name. Where it is missing it is added if that is asked for.
fn golden(name: &str, today: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/stored/golden");
    let path = root.join(name);
    if !path.exists() && std::env::var("GOLDEN").is_ok_and(|golden| golden == "add") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{today}\n")).unwrap();
    }
    let golden = std::fs::read_to_string(&path);
    let golden = golden.unwrap_or_else(|_| panic!("there is no golden document `{name}`"));
    golden.strip_suffix('\n').unwrap().to_owned()
}

/// A value is written as its golden document, which reads as the value.
fn check<T: StoredDocument + Debug + PartialEq>(name: &str, value: &T) {
    let today = write(value).unwrap();
    let golden = golden(name, &today);
    assert_eq!(today, golden, "{name}");
    assert_eq!(read::<T>(&golden).as_ref(), Ok(value), "{name}");
}

/// The names of an enum's variants in JSON, all of them, as serde lists them.
fn variants<T: DeserializeOwned>(unknown: &str) -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(unknown).err().unwrap();
    let error = error.to_string();
    let (_, expected) = error.split_once("expected ").unwrap();
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

const UNKNOWN: &str = r#"{"type":"?"}"#;

fn names<T>(samples: &[(&str, T)]) -> BTreeSet<String> {
    samples.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_event_is_stored_as_it_was() {
    let events = samples::events();
    assert_eq!(names(&events), variants::<EventV1>(UNKNOWN));
    for (name, event) in events {
        check(&format!("event/{name}.json"), &samples::row(event));
    }
}

/// What was written while the trail was broken says so; whatever was written before does not.
#[test]
fn a_broken_trail_is_stored_as_it_was() {
    let fault = TrailFault::InTheWay;
    let record = samples::records().pop().unwrap();
    let broken = record.with_broken_trail(fault, 40, TrailEvidence::default());
    check("broken/record.json", &broken);
    let row = AuditRow {
        trail_fault: Some(fault),
        ..samples::row(crate::record::Event::RevocationStarted)
    };
    check("broken/row.json", &row);
}

#[test]
fn every_message_is_stored_as_it_was() {
    let messages = samples::messages();
    assert_eq!(names(&messages), variants::<round::MessageV1>(UNKNOWN));
    for (name, message) in messages {
        let event = crate::record::Event::DeliveryClaimed { message };
        check(&format!("message/{name}.json"), &samples::row(event));
    }
}

#[test]
fn a_record_in_every_state_is_stored_as_it_was() {
    let records = samples::records();
    let states: BTreeSet<String> = records.iter().map(|r| r.state().to_string()).collect();
    assert_eq!(states, variants::<codes::StateV1>(r#""?""#));
    for record in records {
        let state = record.state();
        let stored = serde_json::to_value(state.to_wire()).unwrap();
        assert_eq!(
            stored,
            state.name(),
            "the index and the markers have the same name"
        );
        let name = state.name().to_lowercase();
        check(&format!("record/{name}.json"), &record);
    }
    check("record/deviating.json", &samples::deviating());
    let found = samples::row(crate::record::Event::ProvisioningStarted {
        preexisting: samples::deviating().preexisting().to_vec(),
    });
    check("event/provisioning_started_beside.json", &found);
    let parked = samples::row(crate::record::Event::DeviationsFound {
        found: vec![crate::record::Deviation::Parked],
    });
    check("event/deviations_found_parked.json", &parked);
}

#[test]
fn every_effect_and_link_is_stored_as_it_was() {
    let effects = samples::effects();
    let mut expected = variants::<effect::EffectChangeV1>(UNKNOWN);
    expected.extend(["by_name", "group_by_id", "signed"].map(str::to_owned));
    assert_eq!(names(&effects), expected);
    for (name, effect) in effects {
        check(&format!("effect/{name}.json"), &effect);
    }
    check("token.json", &samples::token());
}

#[test]
fn wake_ups_are_what_they_were() {
    let id = crate::id::RequestId::from_random([1; 16]);
    let wake_up = Aggregate::Request(id);
    let golden = golden("wake-up/request.json", &wake_up.body());
    assert_eq!(golden, wake_up.body());
    assert_eq!(Aggregate::from_body(&golden).unwrap(), wake_up);
    let principal = Aggregate::Principal("210987654321#AIDAEXAMPLE".parse().unwrap());
    let golden = self::golden("wake-up/principal.json", &principal.body());
    assert_eq!(golden, principal.body());
    assert_eq!(Aggregate::from_body(&golden).unwrap(), principal);
    let identity = Aggregate::Identity(crate::id::IdentityId::of(
        &crate::id::RequestId::from_random([1; 16]),
    ));
    let golden = self::golden("wake-up/identity.json", &identity.body());
    assert_eq!(golden, identity.body());
    assert_eq!(Aggregate::from_body(&golden).unwrap(), identity);
    let unknown = r#"{"kind":"?","id":"?"}"#;
    let kinds = variants::<Aggregate>(unknown);
    assert_eq!(
        kinds,
        BTreeSet::from(["identity", "principal", "request"].map(str::to_owned))
    );
}

#[test]
fn what_is_hashed_and_signed_is_what_it_was() {
    let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[3])];
    let round = asked(slots);
    let (request, binding) = (request(), &round.binding);
    let preimages = [
        ("request", preimage::request(&request), request.digest()),
        (
            "content",
            preimage::content(&request, binding, &round.slots),
            binding.content_digest(&request, &round.slots),
        ),
        (
            "shown",
            preimage::shown(&round.content, &[ONE, TWO]),
            round.shown_digest(&[ONE, TWO]),
        ),
    ];
    for (name, preimage, digest) in preimages {
        let (preimage, digest) = (preimage.unwrap(), digest.unwrap());
        assert_eq!(Digest::of(&preimage), digest);
        let text = String::from_utf8(preimage).unwrap();
        assert_eq!(text, golden(&format!("preimage/{name}.txt"), &text));
    }
    let signed = samples::decision().signed.decision.signed_bytes().unwrap();
    let signed = String::from_utf8(signed).unwrap();
    assert_eq!(signed, golden("preimage/decision.txt", &signed));
    // A row is hashed as the document that it is stored as.
    let (_, event) = samples::events().swap_remove(0);
    let StoredRow { bytes, hash, .. } = samples::row(event).stored().unwrap();
    let preimage = format!("snowgate/audit/1\n{bytes}");
    assert_eq!(Some(Digest::of(preimage.as_bytes())), hash);
    assert_eq!(preimage, golden("preimage/audit.txt", &preimage));
}

/// Decisions of before have no identities, and their bytes are what they were.
#[test]
fn who_decided_and_who_was_involved_is_stored_as_it_was() {
    let decision = samples::decision_with_identities();
    let signed = decision.signed.decision.signed_bytes().unwrap();
    let signed = String::from_utf8(signed).unwrap();
    let name = "preimage/decision_with_identities.txt";
    assert_eq!(signed, golden(name, &signed));
    let event = crate::record::Event::Decided { decision };
    check("decision/with_identities.json", &samples::row(event));
}

#[test]
fn every_code_is_called_what_it_was() {
    let code = r#""?""#;
    let all = [
        ("actor", variants::<round::ActorV1>(UNKNOWN)),
        ("approver_role", variants::<codes::ApproverRoleV1>(code)),
        ("blocked", variants::<codes::BlockedBecauseV1>(code)),
        ("bounce", variants::<codes::BounceKindV1>(code)),
        ("failure", variants::<codes::FailureCodeV1>(code)),
        ("finding", variants::<codes::FindingCodeV1>(code)),
        ("passed_over", variants::<codes::PassedOverBecauseV1>(code)),
        ("principal_type", variants::<codes::PrincipalTypeV1>(code)),
        ("refusal", variants::<codes::RefusalCodeV1>(code)),
        ("retained", variants::<codes::RetainedBecauseV1>(code)),
        ("revoked_by", variants::<round::RevokedByV1>(UNKNOWN)),
        ("skip", variants::<codes::SkipCodeV1>(code)),
        ("trail_fault", variants::<codes::TrailFaultV1>(code)),
        ("verdict", variants::<codes::VerdictV1>(code)),
    ];
    for (name, codes) in all {
        let today = Vec::from_iter(codes).join("\n");
        assert_eq!(today, golden(&format!("code/{name}.txt"), &today));
    }
}

#[test]
fn what_is_not_understood_is_refused_and_not_told() {
    let written = write(&samples::token()).unwrap();
    let with = |from: &str, to: &str| read::<TokenRow>(&written.replace(from, to));
    assert_eq!(
        with("\"schema\":1", "\"schema\":2"),
        Err(ReadError::Schema(2))
    );
    for (from, to) in [
        ("\"schema\":1", "\"schema\":\"1\""),
        ("\"approver\"", "\"canary\""),
        ("{\"approver\"", "{\"canary\":1,\"approver\""),
        ("sha256:", "canary"),
        ("}", ""),
    ] {
        let error = with(from, to).unwrap_err();
        assert!(matches!(error, ReadError::Json { .. }), "{from}");
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
    let row = samples::row(crate::record::Event::Expired);
    let more = write(&row)
        .unwrap()
        .replace("\"expired\"", "\"expired\",\"more\":1");
    assert!(read::<AuditRow>(&more).is_err(), "a member of an event");
}
