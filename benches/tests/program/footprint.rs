//! The footprint's parts that take no minutes.

use crate::support::benches;

fn cells(output: &std::process::Output, row: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{complaint}");
    let line = text.lines().find(|line| line.starts_with(&format!("| {row} |")));
    let line = line.unwrap_or_else(|| panic!("no row {row}: {text}"));
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn crates_are_counted() {
    let output = benches(&["footprint", "--part=crates", "--only=actix-mongo"]);
    let cells = cells(&output, "actix-mongo, default features");
    let crates: usize = cells[1].parse().expect("a number");
    // The library, actix, bson and tokio are four.
    assert!((4..400).contains(&crates), "{crates}");
    assert_eq!(cells[2], "not measured");
}

#[test]
fn idle_sockets_take_memory() {
    let output = benches(&["footprint", "--part=memory", "--rounds=1", "--sockets=100"]);
    for driver in ["ours", "official"] {
        let cells = cells(&output, driver);
        let bytes = cells[1].split(' ').next().and_then(|bytes| bytes.parse::<f64>().ok());
        assert!(bytes.is_some_and(|bytes| (100.0..10e6).contains(&bytes)), "{cells:?}");
    }
}

#[test]
fn a_name_that_no_subject_has_is_an_error() {
    let output = benches(&["footprint", "--part=crates", "--only=nothing"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing"));
}
