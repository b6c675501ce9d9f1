//! Files for which there is no runner yet. Their cases are counted and skipped, each with
//! the reason, so that the totals say how much of the corpus is left.

use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::tally::Sort;

/// Folders of features that the driver is yet to get, as the table tells them.
const LATER: &[(&str, &str)] = &[
    ("change-streams", "change streams"),
    ("client-side-operations-timeout", "timeouts of whole operations"),
    ("gridfs", "GridFS"),
    ("load-balancers", "load balancers"),
    ("transactions", "transactions"),
    ("transactions-convenient-api", "transactions"),
];

/// Cases of a format that nothing here can run.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let folder = file.path.split('/').next().unwrap_or_default();
    match LATER.iter().find(|(of, _)| *of == folder) {
        Some((_, feature)) => cases_of_feature(file, content, feature),
        None => skipped(file, content, Sort::Open, &format!("{folder}: no runner yet")),
    }
}

/// Cases of a feature that the driver is yet to get.
pub fn cases_of_feature(file: &TestFile, content: &Value, feature: &str) -> Vec<Case> {
    skipped(file, content, Sort::Later, feature)
}

fn skipped(file: &TestFile, content: &Value, sort: Sort, reason: &str) -> Vec<Case> {
    let reason = reason.to_owned();
    let Some(tests) = content.get("tests").and_then(Value::as_array) else {
        return vec![Case::skipped_as(sort, file, description(content), reason)];
    };
    let case = |(index, test): (usize, &Value)| {
        let name = match description(test) {
            "" => format!("#{}", index + 1),
            name => name.to_owned(),
        };
        Case::skipped_as(sort, file, &name, reason.clone())
    };
    tests.iter().enumerate().map(case).collect()
}

fn description(value: &Value) -> &str {
    value.get("description").and_then(Value::as_str).unwrap_or_default()
}
