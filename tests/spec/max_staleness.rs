//! Cases of maximum staleness: those of server selection, with heartbeats and dates.

use std::time::Duration;

use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{rtt, selection};

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    vec![Case::new(file, "", move |_| {
        let heartbeat = match content.get("heartbeatFrequencyMS") {
            Some(value) => rtt::milliseconds(value)?,
            None => Duration::from_secs(10),
        };
        selection::run(&content, heartbeat)
    })]
}
