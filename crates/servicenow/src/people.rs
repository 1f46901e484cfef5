//! Reading people (`sys_user`).

use ports::CallError;
use snowgate_core::id::SysId;
use snowgate_core::ticket::{JobTitle, Person, PersonName};

use crate::error::ServiceNowError;
use crate::query::{Query, UserName};
use crate::row::Row;
use crate::session::Session;
use crate::table::{self, TableRead};

const OPERATION: &str = "servicenow:ReadPeople";
const FIELDS: &[&str] = &["sys_id", "name", "active", "locked_out", "email", TITLE];

/// The job title. It is shown and decides nothing, so a row may do without.
const TITLE: &str = "title";

/// The people with these ids. Those that do not exist are missing.
pub(crate) async fn people(session: &Session, ids: &[SysId]) -> Result<Vec<Person>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(OPERATION);
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let read = TableRead {
        table: "sys_user",
        query: Query::ids(&ids).map_err(call_error)?,
        fields: FIELDS.get(1..).unwrap_or_default(),
        limit: ids.len(),
    };
    let found = session.read(OPERATION, &read).await?;
    let mut people: Vec<Person> = found
        .rows
        .iter()
        .map(person_of)
        .collect::<Result<_, _>>()
        .map_err(call_error)?;
    people.sort_by(|a, b| a.sys_id.cmp(&b.sys_id));
    // Two rows for one id contradict each other or repeat themselves; neither is to be believed.
    let twice = people
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.sys_id == b.sys_id));
    if twice {
        return Err(call_error(ServiceNowError::WrongRow));
    }
    Ok(people)
}

/// The person with this user name, if there is exactly one.
pub(crate) async fn person_by_user_name(
    session: &Session,
    name: &UserName,
) -> Result<Option<Person>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(OPERATION);
    let query = Query::user_name(name);
    let read = TableRead {
        table: "sys_user",
        query,
        fields: FIELDS,
        limit: 2,
    };
    let found = session.read(OPERATION, &read).await?;
    let row = table::at_most_one(found.rows).map_err(call_error)?;
    row.as_ref().map(person_of).transpose().map_err(call_error)
}

fn person_of(row: &Row) -> Result<Person, ServiceNowError> {
    let sys_id = row.sys_id()?;
    Ok(Person {
        name: PersonName::new(row.text("name")?).or_id(&sys_id),
        sys_id,
        title: JobTitle::new(row.text(TITLE).unwrap_or_default()),
        active: row.boolean("active")?,
        locked_out: row.boolean("locked_out")?,
        email: row.text("email")?.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn row() -> Value {
        json!({
            "sys_id": "0a".repeat(16), "name": "Ada\nOkafor", "active": "true",
            "locked_out": "false", "email": "ada@brightwater.example", "title": "Head of Payments"
        })
    }

    #[test]
    fn a_person_is_read_whole_or_not_at_all() {
        let person = person_of(&Row::new(row()).unwrap()).unwrap();
        assert!(person.active && !person.locked_out);
        assert_eq!(person.name.in_words(), "`Ada⟨U+000A⟩Okafor`");
        assert_eq!(person.title.in_words().unwrap(), "`Head of Payments`");
        assert_eq!(person.email.unwrap().expose(), "ada@brightwater.example");
        for field in FIELDS {
            let mut hidden = row();
            hidden.as_object_mut().unwrap().remove(*field);
            let read = person_of(&Row::new(hidden).unwrap());
            if *field == TITLE {
                assert_eq!(read.unwrap().title.in_words(), None);
                continue;
            }
            assert_eq!(read.err(), Some(ServiceNowError::MissingField), "{field}");
        }
    }

    #[test]
    fn an_unusable_address_is_none() {
        for email in ["", "ada", "ada@x.example\r\nBcc: y@z.example"] {
            let mut row = row();
            row["email"] = email.into();
            assert_eq!(person_of(&Row::new(row).unwrap()).unwrap().email, None);
        }
    }
}
