//! Counts of what is asked for. Each is one item, with an attribute for each window: what several
//! functions add at one time adds up without a condition, and windows that are over go with the next
//! that is counted.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use ports::CallError;
use snowgate_core::volume::{VolumeCount, VolumeOf, VolumeWindows};

use crate::item::{n, s};
use crate::write::update;
use crate::{DynamoLedger, keys};

/// What the attribute of a window begins with; the second in which it began follows.
const WINDOW_PREFIX: &str = "w";

impl DynamoLedger {
    pub(crate) async fn read_counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        let found = self.get(&keys::volume(of), keys::COUNT).await?;
        let windows = found.into_iter().flatten();
        Ok(windows
            .filter_map(|(name, value)| {
                let begun = name.strip_prefix(WINDOW_PREFIX)?.parse().ok()?;
                let AttributeValue::N(grants) = value else {
                    return None;
                };
                Some((begun, grants.parse().ok()?))
            })
            .collect())
    }

    pub(crate) fn add_to_volume(
        &self,
        count: &VolumeCount,
    ) -> Result<TransactWriteItem, CallError> {
        let mut written = Update::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::volume(&count.share.of)))
            .key("sk", s(keys::COUNT))
            .expression_attribute_names("#now", attribute(count.window))
            .expression_attribute_values(":grants", n(count.share.grants));
        let mut over = Vec::new();
        for (index, window) in count.over.iter().enumerate() {
            let name = format!("#over{index}");
            written = written.expression_attribute_names(&name, attribute(*window));
            over.push(name);
        }
        let forget = match over.is_empty() {
            true => String::new(),
            false => format!(" REMOVE {}", over.join(", ")),
        };
        update(written.update_expression(format!("ADD #now :grants{forget}")))
    }
}

fn attribute(window: i64) -> String {
    format!("{WINDOW_PREFIX}{window}")
}
