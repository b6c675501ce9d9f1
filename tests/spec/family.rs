//! Which files belong to which family of cases.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{
    auth, bson_corpus, bson_vector, cmap, concerns, connection_string, in_window, max_staleness, monitoring,
    pending, rtt, sdam, seed_lists, selection, unified,
};

/// Makes the cases of one file.
type Family = fn(&TestFile, &Value) -> Vec<Case>;

/// The first row whose folder holds a file says what its cases are. A folder may be
/// deeper than the row's.
const FAMILIES: &[(&str, Family)] = &[
    ("connection-monitoring-and-pooling/tests/cmap-format", cmap::cases),
    ("server-discovery-and-monitoring/tests/rs", sdam::cases),
    ("server-discovery-and-monitoring/tests/sharded", sdam::cases),
    ("server-discovery-and-monitoring/tests/single", sdam::cases),
    ("server-discovery-and-monitoring/tests/load-balanced", sdam::cases),
    ("server-discovery-and-monitoring/tests/errors", sdam::cases),
    ("server-discovery-and-monitoring/tests/monitoring", monitoring::cases),
    ("server-discovery-and-monitoring/tests/unified", unified::cases),
    ("server-selection/tests/server_selection", selection::cases),
    ("server-selection/tests/rtt", rtt::cases),
    ("server-selection/tests/in_window", in_window::cases),
    ("max-staleness/tests", max_staleness::cases),
    ("connection-string/tests", connection_string::cases),
    ("uri-options/tests", connection_string::cases),
    ("initial-dns-seedlist-discovery/tests", seed_lists::cases),
    ("read-write-concern/tests/connection-string", concerns::of_strings),
    ("read-write-concern/tests/document", concerns::of_documents),
    ("auth/tests/legacy", auth::cases),
    ("auth/tests/unified", auth::unified_cases),
    ("bson-corpus/tests", bson_corpus::cases),
    ("bson-binary-vector/tests", bson_vector::cases),
    ("unified-test-format/tests", unified::cases),
    ("crud/tests", unified::cases),
    ("run-command/tests", unified::cases),
    ("collection-management/tests", unified::cases),
    ("index-management/tests", unified::cases),
    ("command-logging-and-monitoring/tests", unified::cases),
    ("connection-monitoring-and-pooling/tests/logging", unified::cases),
    ("server-selection/tests/logging", unified::cases),
    ("mongodb-handshake/tests", unified::cases),
    ("read-write-concern/tests/operation", unified::cases),
    ("sessions/tests", unified::cases),
    ("causal-consistency/tests", unified::cases),
    ("retryable-reads/tests", unified::cases),
    ("retryable-writes/tests", unified::cases),
    ("versioned-api/tests", unified::cases),
    ("client-backpressure/tests", unified::cases),
];

/// All cases of a file.
pub fn cases_of(file: &TestFile) -> Vec<Case> {
    let content = match &file.content {
        Ok(content) => content,
        Err(error) => {
            let reason = format!("the file can't be read: {error}");
            return vec![Case::new(file, "", |_| Err(reason))];
        }
    };
    let directory = file.directory();
    let holds = |folder: &str| {
        let rest = directory.strip_prefix(folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut cases = match FAMILIES.iter().find(|(folder, _)| holds(folder)) {
        Some((_, family)) => family(file, content),
        None => pending::cases(file, content),
    };
    number_namesakes(&mut cases);
    cases
}

/// Some files have several cases of one description; the second is named `... (2)`.
fn number_namesakes(cases: &mut [Case]) {
    let mut seen = BTreeMap::<String, u32>::new();
    for case in cases {
        let count = seen.entry(case.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name);
        }
    }
}
