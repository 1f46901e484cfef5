use super::*;
use proptest::prelude::*;

fn is_covered(pattern: &str, union: &[&str]) -> Coverage {
    let union: Vec<Glob> = union.iter().map(|text| Glob::new(text)).collect();
    covered(&Glob::new(pattern), &union, &mut Budget::default())
}

#[test]
fn inclusion_is_about_languages() {
    for (pattern, union) in [
        ("a*", &["*?"] as &[&str]),
        ("a*b*c", &["a*c"]),
        ("?*", &["*?"]),
        ("*", &["", "?*"]),
        ("s3:*", &["s3:?*", "s3:"]),
        ("a*", &["a", "a?", "a??*"]),
        ("ab*ba", &["ab*", "*ba"]),
    ] {
        assert_eq!(
            is_covered(pattern, union),
            Coverage::Covered,
            "{pattern} {union:?}"
        );
    }
}

#[test]
fn a_gap_is_shown_by_a_text() {
    for (pattern, union) in [
        ("*?", &["a*"] as &[&str]),
        ("a*", &["a?*"]),
        ("s3:*Object*", &["s3:Get*", "s3:Put*"]),
        ("?", &["a", "b", "x", "0"]),
    ] {
        let Coverage::Uncovered(word) = is_covered(pattern, union) else {
            panic!("{pattern} {union:?}")
        };
        assert!(Glob::new(pattern).matches(&word));
        assert!(
            union.iter().all(|glob| !Glob::new(glob).matches(&word)),
            "{word}"
        );
    }
}

#[test]
fn adversarial_patterns_are_answered_within_the_budget() {
    let long = format!("{}b", "*a".repeat(3_000));
    let other = format!("{}c", "*b*a?".repeat(1_200));
    assert!(!Glob::new(&long).matches(&"a".repeat(6_000)));
    let _ = is_covered(&long, &[&other]);
    let many: Vec<String> = ('a'..='z').map(|c| format!("*{c}*{c}*{c}*")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(is_covered("*", &many).clone(), is_covered("*", &many));
}

#[test]
fn wildcards_count_characters_not_bytes() {
    assert!(Glob::new("a?c").matches("aéc"));
    assert!(Glob::new("*?é").matches("éé"));
    assert!(!Glob::new("??").matches("é"));
    assert!(Glob::new("?*é*").matches("日é"));
}

#[test]
fn segmented_wildcards_stop_at_colons() {
    let glob = Glob::new("arn:aws:ecs:*:*:a/*").segmented();
    assert!(glob.matches("arn:aws:ecs:::a/b:c") && glob.matches("arn:aws:ecs:x:1:a/"));
    assert!(!glob.matches("arn:aws:ecs:::b:a/c") && !glob.matches("arn:aws:ecs::a/c"));
    assert!(glob.matches("arn:aws:ecs:x:1:a/b") && !glob.matches("arn:aws:ecs:x:1:b/b"));
    assert!(Glob::new("arn:*").plainly_includes(&glob));
    assert!(
        Glob::new("arn:aws:ecs:*:*:a*")
            .segmented()
            .plainly_includes(&glob)
    );
    assert!(!glob.plainly_includes(&Glob::new("arn:aws:ecs:*:*:a/b")));
    assert!(!glob.plainly_includes(&Glob::new("arn:aws:ecs:?:*:a/b")));
    let literal = Glob::new("arn:aws:e?s:*:*:a/b").segmented();
    assert!(literal.matches("arn:aws:ecs:::a/b") && !literal.matches("arn:aws:ecs:::a/bc"));
    assert_eq!(literal.example(), "arn:aws:exs:::a/b");
}

#[test]
fn a_hull_holds_what_stands_between() {
    let globs = [
        "arn:aws:s3:::",
        "arn:aws:s3:::a*",
        "arn:aws:s3:::a?b",
        "arn:aws:s3:::b/é*",
        "arn:aws:s3:::b/è",
    ];
    let mut globs: Vec<Glob> = globs.iter().map(|text| Glob::new(text)).collect();
    globs.sort_unstable_by(|one, other| one.code().cmp(other.code()));
    for from in 0..globs.len() {
        for to in from..globs.len() {
            let hull = Glob::hull(&globs[from], &globs[to]);
            let between = &globs[from..=to];
            assert!(
                between.iter().all(|glob| hull.plainly_includes(glob)),
                "{hull}"
            );
        }
    }
    let all = Glob::hull(&globs[0], &globs[globs.len() - 1]);
    assert_eq!(all.to_string(), "arn:aws:s3:::*");
}

/// The textbook definition, by recursion.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|cut| naive(rest, &text[cut..])),
        ['?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

proptest! {
    #[test]
    fn matching_follows_the_definition(pattern in "[ab?*]{0,8}", text in "[abé]{0,8}") {
        let expected = naive(&chars(&pattern), &chars(&text));
        prop_assert_eq!(Glob::new(&pattern).matches(&text), expected);
    }

    #[test]
    fn what_plainly_meets_has_a_text_in_common(one in "[ab:?*é]{0,6}", other in "[ab:?*é]{0,6}") {
        let segmented = |glob: &Glob| glob.clone().segmented();
        let (one, other) = (Glob::new(&one), Glob::new(&other));
        for (one, other) in [(one.clone(), other.clone()), (segmented(&one), other.clone()), (one, segmented(&other))] {
            let found = common(&one, &other, &mut Budget::default()).unwrap();
            if let Some(meets) = one.plainly_meets(&other) {
                prop_assert_eq!(meets, found.is_some(), "{:?}", found);
            }
        }
    }

    #[test]
    fn coverage_agrees_with_all_short_words(pattern in "[ab?*]{0,5}", union in prop::collection::vec("[ab?*]{0,5}", 0..4)) {
        let globs: Vec<Glob> = union.iter().map(|text| Glob::new(text)).collect();
        let glob = Glob::new(&pattern);
        let mut words = vec![String::new()];
        let mut from = 0;
        for _ in 0..6 {
            let end = words.len();
            for at in from..end {
                for letter in ["a", "b", "x"] {
                    words.push(format!("{}{letter}", words[at]));
                }
            }
            from = end;
        }
        let gap = words.iter().find(|word| glob.matches(word) && !globs.iter().any(|g| g.matches(word)));
        match covered(&glob, &globs, &mut Budget::default()) {
            Coverage::Covered => prop_assert_eq!(gap, None),
            Coverage::Uncovered(word) => {
                prop_assert!(glob.matches(&word) && !globs.iter().any(|g| g.matches(&word)));
            }
            Coverage::Undecided => prop_assert!(false, "undecided"),
        }
    }

    #[test]
    fn what_quick_checks_show_is_true(one in "[ab?*]{0,6}", other in "[ab?*]{0,6}", text in "[ab]{0,6}") {
        let (one, other) = (Glob::new(&one), Glob::new(&other));
        if one.plainly_includes(&other) && other.matches(&text) {
            prop_assert!(one.matches(&text));
        }
        if one.plainly_disjoint(&other) {
            prop_assert!(!(one.matches(&text) && other.matches(&text)));
            prop_assert_eq!(common(&one, &other, &mut Budget::default()), Ok(None));
        }
    }
}
