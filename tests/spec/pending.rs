//! Files for which there is no runner yet. Their cases are counted and skipped, each with
//! the reason, so that the totals say how much of the corpus is left.

use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;

/// Cases of a format that nothing here can run.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let reason = match content.get("schemaVersion") {
        Some(_) => "unified format: no runner yet".to_owned(),
        None => {
            let folder = file.path.split('/').next().unwrap_or_default();
            format!("{folder}: no runner yet")
        }
    };
    let Some(tests) = content.get("tests").and_then(Value::as_array) else {
        return vec![Case::skipped(file, description(content), reason)];
    };
    let case = |(index, test): (usize, &Value)| {
        let name = match description(test) {
            "" => format!("#{}", index + 1),
            name => name.to_owned(),
        };
        Case::skipped(file, &name, reason.clone())
    };
    tests.iter().enumerate().map(case).collect()
}

fn description(value: &Value) -> &str {
    value.get("description").and_then(Value::as_str).unwrap_or_default()
}
