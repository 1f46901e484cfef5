//! What is granted on all resources of a type, or on those of some types.

use super::*;

#[test]
fn all_of_a_type_is_as_much_as_a_star_for_who_changes_itself() {
    let attach = |element: &str, resource: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"iam:AttachUserPolicy","{element}":["arn:aws:s3:::a","{resource}"]}}"#
        );
        paths(&[read(&statement)])
    };
    let of = |certainty| [("iam-008".to_owned(), certainty)];
    for whole in [
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::123456789012:user/*",
        "arn:*:iam::*:user/*",
        "arn:aws-cn:iam::*:user/*",
        "arn:aws:iam::*:*",
        "arn:aws:iam::*:user*",
        "arn:aws:iam::????????????:user/*",
        "arn:*:user/*",
    ] {
        assert_eq!(attach("Resource", whole), of(Certainty::Proved), "{whole}");
    }
    for narrow in [
        "arn:aws:iam::*:user/a*",
        "arn:aws:iam::*:user/team/*",
        "arn:aws:iam::12345678901?:user/*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:user/?",
    ] {
        let depends = of(Certainty::DependsOnTarget);
        assert_eq!(attach("Resource", narrow), depends, "{narrow}");
    }
    assert_eq!(attach("Resource", "arn:aws:iam::*:role/*"), []);
    let rest = "arn:aws:iam::*:role/*";
    assert_eq!(attach("NotResource", rest), of(Certainty::Proved));
    for some in [
        "arn:aws:iam::*:user/a",
        "arn:aws:iam::*:user/${aws:username}",
    ] {
        let depends = of(Certainty::DependsOnTarget);
        assert_eq!(attach("NotResource", some), depends, "{some}");
    }
    // The wider grant counts, wherever it stands.
    let two = |one: &str, other: &str| {
        let statement = |resource: &str| {
            format!(
                r#"{{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"{resource}"}}"#
            )
        };
        paths(&[read(&statement(one)), read(&statement(other))])
    };
    let (one, all) = ("arn:aws:iam::*:user/a", "arn:aws:iam::*:user/*");
    assert_eq!(two(one, all), of(Certainty::Proved));
    assert_eq!(two(all, one), of(Certainty::Proved));
}

#[test]
fn an_action_exposes_on_what_holds_credentials() {
    let exposed = |element: &str, resource: &str, more: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"apigateway:GET","{element}":"{resource}"}}{more}"#
        );
        let found = of(&[read(&statement)]).credentials_exposure;
        found.len() == 1
    };
    let api = |path: &str| format!("arn:aws:apigateway:eu-west-1::{path}");
    for (path, expected) in [
        ("/*", true),
        ("/apikeys", true),
        ("/apikeys/*", true),
        ("/apikeys/abc", true),
        ("/usageplans/*", true),
        ("/usageplans/abc/keys", true),
        ("/restapis", false),
        ("/restapis/abc/*", false),
        ("/domainnames/*", false),
    ] {
        assert_eq!(exposed("Resource", &api(path), ""), expected, "{path}");
    }
    assert!(exposed("Resource", "*", "") && exposed("NotResource", &api("/apikeys*"), ""));
    let deny = r#",{"Effect":"Deny","Action":"apigateway:*","Resource":"*"}"#;
    assert!(!exposed("Resource", "*", deny));
}
