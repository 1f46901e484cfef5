//! Patterns of policies beside the forms that the ARNs of a type have.

use super::work_limit::WorkLimit;
use crate::catalogue::wildcard;
use crate::evaluate::{ResourcePattern, in_full};
use crate::glob::{Glob, common};

/// Whether a pattern of a policy and the form of a type's ARNs have an ARN in common.
pub(super) fn meets(pattern: &str, form: &str, short: bool, work: &WorkLimit) -> bool {
    if let Some(met) = by_field(pattern, form, work) {
        return met;
    }
    let whole = match short {
        true => in_full(pattern, true),
        false => pattern.into(),
    };
    fits(&whole, form, work) && overlaps(&whole, form, work)
}

/// Whether a pattern matches every ARN of a form: in the account that it names, or in all. `false` when
/// that is not plain.
pub(super) fn is_whole(pattern: &str, form: &str, short: bool) -> bool {
    if wildcard::has_variable(pattern) {
        return false;
    }
    let read = ResourcePattern::compile(pattern, false, short);
    let glob = read.pattern.fixed().filter(|_| !read.wild_type);
    let field = |nth: usize| pattern.splitn(6, ':').nth(nth).unwrap_or_default();
    let partition = match field(1) {
        "" => "aws",
        named if wildcard::has_wildcard(named) => "aws",
        named => named,
    };
    let account = Some(field(4)).filter(|text| {
        let mut bytes = text.bytes();
        text.len() == ACCOUNT.len() && bytes.all(|byte| byte.is_ascii_digit())
    });
    let open = form.replacen("${Partition}", partition, 1).replacen(
        "${Account}",
        account.unwrap_or(ACCOUNT),
        1,
    );
    let open = Glob::new(&wildcard::with_variables_as("?*", &open)).segmented();
    glob.is_some_and(|glob| glob.plainly_includes(&open))
}

/// Any account.
const ACCOUNT: &str = "????????????";

/// Decided field by field, where the fields of the pattern stand where those of an ARN stand: wildcards
/// then stay in their field, as in requests. `None` for other patterns.
fn by_field(pattern: &str, form: &str, work: &WorkLimit) -> Option<bool> {
    let (mut fields, mut forms) = (pattern.splitn(6, ':'), form.splitn(6, ':'));
    let mut met = true;
    for nth in 0..5 {
        let (field, of_form) = (fields.next()?, forms.next()?);
        let usual = |byte: u8| {
            byte.is_ascii_digit()
                || matches!(byte, b'*' | b'?')
                || nth < 4 && (byte.is_ascii_lowercase() || byte == b'-')
        };
        if nth == 0 && field != "arn" || !field.bytes().all(usual) {
            return None;
        }
        met = met && overlaps_plainly(field, of_form);
    }
    let (tail, of_form) = (fields.next()?, forms.next()?);
    Some(met && overlaps(tail, of_form, work))
}

/// Whether a field and its form have a text in common: a form is a text, or a variable.
fn overlaps_plainly(field: &str, of_form: &str) -> bool {
    let variable = of_form.starts_with("${") && of_form.find('}') == Some(of_form.len() - 1);
    variable || field == "*" || field == of_form || {
        let open = wildcard::with_variables_as("*", of_form);
        wildcard::matches(&open, field) || wildcard::matches(field, &open)
    }
}

/// Whether the fields before the first wildcard fit: no field before the last has a colon, so a wildcard
/// of the last one cannot reach into those before.
fn fits(pattern: &str, form: &str, work: &WorkLimit) -> bool {
    let fields = pattern.splitn(6, ':').zip(form.splitn(6, ':')).take(5);
    fields
        .take_while(|(field, _)| !wildcard::has_wildcard(field))
        .all(|(field, of_form)| of_form.contains("${") || wildcard::matches(field, of_form))
        && tails(pattern, form).is_none_or(|(tail, of_form)| overlaps(tail, of_form, work))
}

/// What follows the account of an ARN whose other fields have no wildcard, and its form.
fn tails<'p, 'f>(pattern: &'p str, form: &'f str) -> Option<(&'p str, &'f str)> {
    let mut fields = pattern.splitn(6, ':');
    let plain = fields
        .by_ref()
        .take(5)
        .all(|field| !wildcard::has_wildcard(field));
    let tail = fields.next().filter(|_| plain)?;
    Some((tail, form.splitn(6, ':').nth(5)?))
}

fn overlaps(pattern: &str, form: &str, work: &WorkLimit) -> bool {
    let open = wildcard::with_variables_as("*", form);
    // An account is twelve digits: what belongs to `aws` cannot be changed by anybody. Behind a wildcard
    // it is no account, for wildcards go on over colons then.
    let mut fields = pattern.split(':');
    let plain = fields
        .by_ref()
        .take(4)
        .all(|field| !wildcard::has_wildcard(field));
    let account = fields.next().filter(|_| plain).unwrap_or("*");
    let foreign = !wildcard::has_wildcard(account)
        && !account.is_empty()
        && !account.bytes().all(|b| b.is_ascii_digit());
    if foreign && form.split(':').nth(4) == Some("${Account}") {
        return false;
    }
    wildcard::matches(pattern, &open) || wildcard::matches(&open, pattern) || {
        // No field of an ARN but the last has a colon.
        let other = Glob::new(&open);
        let other = match form.starts_with("arn:") {
            true => other.segmented(),
            false => other,
        };
        let one = Glob::new(pattern);
        let plainly = one.plainly_meets(&other);
        plainly.unwrap_or_else(|| {
            let found = work.ask(|budget| common(&one, &other, budget));
            found.map_or(true, |word| word.is_some())
        })
    }
}
