//! Tickets that are made for the preflight.

/// A ticket that an update without fields may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestTicket {
    pub(super) table: String,
    pub(super) sys_id: String,
}

/// A text is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ticket is <table>/<sys_id>, such as sc_req_item/0123…")]
pub struct TestTicketError;

impl std::str::FromStr for TestTicket {
    type Err = TestTicketError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |word: &str, length: usize| {
            word.len() <= length && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        match text.split_once('/') {
            Some((table, id)) if plain(table, 80) && id.len() == 32 && plain(id, 32) => Ok(Self {
                table: table.to_owned(),
                sys_id: id.to_owned(),
            }),
            _ => Err(TestTicketError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_a_table_and_a_sys_id() {
        let id = "e".repeat(32);
        let ticket: TestTicket = format!("sc_task/{id}").parse().unwrap();
        assert_eq!(
            (ticket.table.as_str(), ticket.sys_id),
            ("sc_task", id.clone())
        );
        for odd in [
            "sc_task".to_owned(),
            format!("sc_task/{id}?x"),
            format!("../x/{id}"),
            "sc_task/1".to_owned(),
        ] {
            assert!(odd.parse::<TestTicket>().is_err(), "{odd}");
        }
    }
}
