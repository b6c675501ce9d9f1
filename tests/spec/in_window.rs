//! Cases of the choice between near servers: how often each is chosen.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_mongo::topology::selection::{in_window, pick, suitable};
use actix_mongo::topology::{Criteria, ReadMode, ReadPreference};
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{json, selection};

/// The cases say what happens on average. The same numbers in each run, so that a case
/// that passes does so tomorrow as well.
const RANDOM_SEED: u64 = 0x5eed;

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    let description = content.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    vec![Case::new(file, &description, move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    let topology = selection::topology(json::field(case, "topology_description")?)?;
    let mut operations = BTreeMap::new();
    for state in json::array(case, "mocked_topology_state")? {
        let count = json::integer(json::field(state, "operation_count")?)?;
        let count = usize::try_from(count).map_err(|_| "operation_count is negative")?;
        operations.insert(json::text(state, "address")?.to_owned(), count);
    }
    let outcome = json::field(case, "outcome")?;
    let tolerance = json::field(outcome, "tolerance")?.as_f64().ok_or("no tolerance")?;
    let iterations = json::integer(json::field(case, "iterations")?)?;

    let criteria = Criteria::Read(ReadPreference::new(ReadMode::Nearest));
    let mut random = fastrand::Rng::with_seed(RANDOM_SEED);
    let mut chosen = BTreeMap::<String, u32>::new();
    for _ in 0..iterations {
        let found =
            suitable(&topology, &criteria, &[], Duration::from_secs(10)).map_err(|e| e.to_string())?;
        let near = in_window(found, selection::LOCAL_THRESHOLD);
        let count = |address: &_| operations.get(&format!("{address}")).copied().unwrap_or_default();
        let server = pick(&near, count, |limit| random.usize(..limit)).ok_or("nothing was chosen")?;
        *chosen.entry(server.address.to_string()).or_default() += 1;
    }

    let expected = json::field(outcome, "expected_frequencies")?.as_object().ok_or("no frequencies")?;
    for (address, expected) in expected {
        let expected = expected.as_f64().ok_or("a frequency is not a number")?;
        let times = chosen.remove(address).unwrap_or_default();
        let frequency = f64::from(times) / iterations as f64;
        // What must always or never happen has no tolerance.
        let allowed = if expected == 0.0 || expected == 1.0 { 0.0 } else { tolerance };
        if (frequency - expected).abs() > allowed {
            return Err(format!(
                "{address} was chosen with frequency {frequency}, not {expected} ± {allowed}"
            ));
        }
    }
    match chosen.is_empty() {
        true => Ok(()),
        false => Err(format!("chosen, but not expected: {chosen:?}")),
    }
}
