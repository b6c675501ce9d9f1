//! Cases of the average round-trip time.

use std::time::Duration;

use actix_mongo::topology::Rtt;
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::json;

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    vec![Case::new(file, "", move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    let mut rtt = Rtt::default();
    match json::field(case, "avg_rtt_ms")? {
        Value::String(none) if none == "NULL" => {}
        old => rtt.add(milliseconds(old)?),
    }
    rtt.add(milliseconds(json::field(case, "new_rtt_ms")?)?);
    let expected = milliseconds(json::field(case, "new_avg_rtt")?)?;
    let actual = rtt.average().ok_or("there is no average after a sample")?;
    // The cases give decimal fractions; we keep whole nanoseconds.
    match actual.abs_diff(expected) < Duration::from_nanos(10) {
        true => Ok(()),
        false => Err(format!("the average is {actual:?}, not {expected:?}")),
    }
}

/// A time in milliseconds, whole or not.
pub fn milliseconds(value: &Value) -> Result<Duration, String> {
    let number = value.as_f64().ok_or_else(|| format!("not a number: {value}"))?;
    Duration::try_from_secs_f64(number / 1000.0).map_err(|error| format!("{value}: {error}"))
}
