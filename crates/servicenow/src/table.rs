//! Reading tables (Table API, version 2).

use http::Method;
use ports::CallError;
use serde_json::Value;

use crate::query::Query;
use crate::row::Row;
use crate::session::{Call, Session};
use crate::trouble::Trouble;

/// A question to a table.
pub(crate) struct Read<'q> {
    pub(crate) table: &'static str,
    pub(crate) query: Query,
    /// What is wanted of each record, besides the fields of the query.
    pub(crate) fields: &'q [&'q str],
    /// The most records that may come back. The instance counts hidden ones too.
    pub(crate) limit: usize,
}

/// Records that echo what was asked for.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// How many records match in all, hidden ones included, where the instance says so.
    pub(crate) total: Option<u64>,
}

impl Session {
    /// Asks a table. Either every record of the answer is one that was asked for, or none is
    /// given.
    pub(crate) async fn read(
        &self,
        operation: &'static str,
        read: &Read<'_>,
    ) -> Result<Page, CallError> {
        let of = |trouble: Trouble| trouble.of(operation);
        let mut fields: Vec<&str> = read.query.fields().collect();
        fields.extend(read.fields);
        let mut parameters = vec![("sysparm_query", read.query.encoded())];
        parameters.extend(shape(&fields));
        parameters.push(("sysparm_limit", read.limit.to_string()));
        let url = self
            .instance()
            .table_url(read.table, None, &parameters)
            .map_err(of)?;
        let call = Call {
            method: Method::GET,
            url,
            body: None,
        };
        let answer = self.call(operation, &call).await?;
        let rows = checked(read, answer.result).map_err(of)?;
        Ok(Page {
            rows,
            total: answer.total,
        })
    }
}

/// The parameters that say how records are to be written: these fields, stored values, bare
/// references.
pub(crate) fn shape(fields: &[&str]) -> [(&'static str, String); 3] {
    [
        ("sysparm_fields", fields.join(",")),
        ("sysparm_exclude_reference_link", "true".to_owned()),
        ("sysparm_display_value", "false".to_owned()),
    ]
}

fn checked(read: &Read<'_>, result: Value) -> Result<Vec<Row>, Trouble> {
    let Value::Array(rows) = result else {
        return Err(Trouble::Incomplete);
    };
    if rows.len() > read.limit {
        return Err(Trouble::WrongRow);
    }
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row)?;
            read.query.is_echoed_by(&row)?;
            Ok(row)
        })
        .collect()
}

/// The only row of those that came back, if any; more than one where one was asked for is wrong.
pub(crate) fn at_most_one(rows: Vec<Row>) -> Result<Option<Row>, Trouble> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (row, None) => Ok(row),
        (_, Some(_)) => Err(Trouble::WrongRow),
    }
}
