//! Reading people (`sys_user`).

use ports::CallError;
use snowgate_core::email::MailField;
use snowgate_core::id::SysId;
use snowgate_core::markup;
use snowgate_core::ticket::{JobTitle, Person, PersonName, UserAccount};

use crate::error::ServiceNowError;
use crate::query::{Query, UserName};
use crate::row::Row;
use crate::session::Session;
use crate::table::{self, TableRead};

const OPERATION: &str = "servicenow:ReadPeople";
const MANAGER: &str = "servicenow:ReadManager";
const FIELDS: &[&str] = &[
    "sys_id",
    "name",
    "active",
    "locked_out",
    "email",
    "user_name",
    EMPLOYEE_NUMBER,
    TITLE,
];

/// The job title. It is shown and decides nothing, so a row may do without.
const TITLE: &str = "title";

/// The employee number. It is one of several things that tell people apart and is often hidden, so
/// a row may do without.
const EMPLOYEE_NUMBER: &str = "employee_number";

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

/// Who manages a person. Instances hide the field from integration users more often than others, and
/// whoever is not seen counts as nobody.
pub(crate) async fn manager(session: &Session, person: &SysId) -> Result<Option<SysId>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(MANAGER);
    let read = TableRead {
        table: "sys_user",
        query: Query::id("sys_id", person),
        fields: &["manager"],
        limit: 2,
    };
    let found = session.read(MANAGER, &read).await?;
    let row = table::at_most_one(found.rows).map_err(call_error)?;
    let manager = row.as_ref().map(manager_of).transpose();
    Ok(manager.map_err(call_error)?.flatten())
}

fn manager_of(row: &Row) -> Result<Option<SysId>, ServiceNowError> {
    match row.reference("manager") {
        Err(ServiceNowError::MissingField) => Ok(None),
        read => read,
    }
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
    let (sys_id, user_name) = (row.sys_id()?, row.text("user_name")?);
    let id = markup::seen(user_name).and_then(markup::bounded);
    let id = id.unwrap_or(sys_id.as_str());
    Ok(Person {
        name: PersonName::new(row.text("name")?).or_id(id),
        title: JobTitle::new(row.text(TITLE).unwrap_or_default()),
        active: row.boolean("active")?,
        locked_out: row.boolean("locked_out")?,
        email: MailField::read(row.text("email")?),
        account: UserAccount {
            user_name: user_name.to_owned(),
            employee_number: row.optional_text(EMPLOYEE_NUMBER)?.to_owned(),
        },
        sys_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn row() -> Value {
        json!({
            "sys_id": "0a".repeat(16), "name": "Ada\nOkafor", "active": "true",
            "locked_out": "false", "email": "ada@brightwater.example", "title": "Head of Payments",
            "user_name": "ada.okafor", "employee_number": "BW1001"
        })
    }

    #[test]
    fn a_person_is_read_whole_or_not_at_all() {
        let person = person_of(&Row::new(row()).unwrap()).unwrap();
        assert!(person.active && !person.locked_out);
        assert_eq!(person.name.in_words(), "`Ada⟨U+000A⟩Okafor`");
        assert_eq!(person.title.in_words().unwrap(), "`Head of Payments`");
        let address = person.email.address().unwrap();
        assert_eq!(address.expose(), "ada@brightwater.example");
        let UserAccount {
            user_name,
            employee_number,
        } = person.account;
        assert_eq!((&*user_name, &*employee_number), ("ada.okafor", "BW1001"));
        for field in FIELDS {
            let mut hidden = row();
            hidden.as_object_mut().unwrap().remove(*field);
            let read = person_of(&Row::new(hidden).unwrap());
            if *field == TITLE {
                assert_eq!(read.unwrap().title.in_words(), None);
                continue;
            }
            if *field == EMPLOYEE_NUMBER {
                assert_eq!(read.unwrap().account.employee_number, "");
                continue;
            }
            assert_eq!(read.err(), Some(ServiceNowError::MissingField), "{field}");
        }
    }

    #[test]
    fn a_manager_is_named_hidden_or_none() {
        let read = |row: Value| manager_of(&Row::new(row).unwrap());
        let manager = "0b".repeat(16);
        let named = Some(manager.parse().unwrap());
        assert_eq!(read(json!({ "manager": manager })), Ok(named.clone()));
        assert_eq!(read(json!({ "manager": { "value": manager } })), Ok(named));
        assert_eq!(read(json!({"manager": ""})), Ok(None));
        assert_eq!(read(json!({})), Ok(None), "hidden");
        let strange = read(json!({"manager": "marek"}));
        assert_eq!(strange, Err(ServiceNowError::BadValue));
    }

    #[test]
    fn who_has_no_name_to_see_is_told_by_the_user_id() {
        let mut row = row();
        row["name"] = "\u{2800}\u{3164}".into();
        let named = |row: &Value| person_of(&Row::new(row.clone()).unwrap()).unwrap().name;
        assert_eq!(named(&row).in_words(), "(no name, `ada.okafor`)");
        row["user_name"] = " ".into();
        let sys_id = "0a".repeat(16);
        assert_eq!(named(&row).in_words(), format!("(no name, `{sys_id}`)"));
    }

    #[test]
    fn an_address_is_one_none_or_unreadable() {
        let read = |email: &str| {
            let mut row = row();
            row["email"] = email.into();
            person_of(&Row::new(row).unwrap()).unwrap().email
        };
        assert_eq!(read(""), MailField::Empty);
        for email in ["ada", " ada@x.example", "ada@x.example\r\nBcc: y@z.example"] {
            assert_eq!(read(email), MailField::Unreadable, "{email}");
        }
        let mut row = row();
        row["employee_number"] = json!(["BW1001"]);
        let read = person_of(&Row::new(row).unwrap());
        assert_eq!(read.err(), Some(ServiceNowError::BadValue));
    }
}
