//! Reading tables (Table API, version 2).

use http::Method;
use ports::CallError;
use serde_json::Value;

use crate::error::ServiceNowError;
use crate::query::Query;
use crate::row::Row;
use crate::session::{Session, TableCall};

/// A query of one table.
pub(crate) struct TableRead<'q> {
    pub(crate) table: &'static str,
    pub(crate) query: Query,
    /// The fields that are read of each record, besides those of the query.
    pub(crate) fields: &'q [&'q str],
    /// The most records that may come back. The instance counts hidden ones too.
    pub(crate) limit: usize,
}

/// Records that echo what was asked for.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// How many records match in all, hidden ones included, where the instance says so.
    pub(crate) total: Option<u64>,
}

impl Session {
    /// Queries a table. Either every record of the answer is one that was asked for, or none is
    /// given.
    pub(crate) async fn read(
        &self,
        operation: &'static str,
        read: &TableRead<'_>,
    ) -> Result<Rows, CallError> {
        let call_error = |error: ServiceNowError| error.in_call(operation);
        let mut fields: Vec<&str> = read.query.fields().collect();
        let more = read.fields.iter().filter(|field| !fields.contains(field));
        let more: Vec<&str> = more.copied().collect();
        fields.extend(more);
        let mut parameters = vec![("sysparm_query", read.query.encoded())];
        parameters.extend(answer_format(&fields));
        parameters.push(("sysparm_limit", read.limit.to_string()));
        let url = self
            .instance()
            .table_url(read.table, None, &parameters)
            .map_err(call_error)?;
        let call = TableCall {
            method: Method::GET,
            url,
            body: None,
        };
        let answer = self.call(operation, &call).await?;
        let rows = echoing_rows(read, answer.result).map_err(call_error)?;
        Ok(Rows {
            rows,
            total: answer.total,
        })
    }
}

/// The parameters for the form of an answer: these fields, stored values, bare references.
pub(crate) fn answer_format(fields: &[&str]) -> [(&'static str, String); 3] {
    [
        ("sysparm_fields", fields.join(",")),
        ("sysparm_exclude_reference_link", "true".to_owned()),
        ("sysparm_display_value", "false".to_owned()),
    ]
}

/// The records, each of which shows the values of the query.
fn echoing_rows(read: &TableRead<'_>, result: Value) -> Result<Vec<Row>, ServiceNowError> {
    let Value::Array(rows) = result else {
        return Err(ServiceNowError::Incomplete);
    };
    if rows.len() > read.limit {
        return Err(ServiceNowError::WrongRow);
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
pub(crate) fn at_most_one(rows: Vec<Row>) -> Result<Option<Row>, ServiceNowError> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (row, None) => Ok(row),
        (_, Some(_)) => Err(ServiceNowError::WrongRow),
    }
}
