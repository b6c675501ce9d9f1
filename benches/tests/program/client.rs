//! Comparisons on canned replies: children, server and report together, with the shortest windows.

use crate::support::{PROGRAM, benches, check, rows};

#[test]
fn a_self_check_gives_a_row_for_each_metric_and_finds_equal_work() {
    let rows = rows("client", &["client", "--self-check", "--only=insert/arbiter/16x16"]);
    assert_eq!(rows.len(), 4);
    check(&rows, "insert/arbiter/16x16/depth1", ["ours", "official"]);
}

#[test]
fn scans_read_every_document_on_both_sides() {
    let rows = rows("scans", &["client", "--only=200B-b1000/tokio"]);
    for form in ["raw", "batch", "typed"] {
        check(&rows, &format!("scan-{form}-200B-b1000/tokio/1x10/depth1"), ["ours", "official"]);
    }
    // Of documents: no scan of 10,000 can take less than a microsecond.
    let throughput = rows.iter().filter(|row| row["metric"] == "throughput");
    assert!(throughput.filter(|row| row["ours"].as_f64() > Some(10_000.0)).count() == 3);
}

#[test]
fn events_are_measured_against_silence_at_the_same_depth() {
    let rows = rows("events", &["events", "--only=ping/tokio/256x10"]);
    check(&rows, "ping/tokio/256x10/depth16", ["listened", "silent"]);
}

#[test]
fn a_build_is_measured_against_another_program() {
    let rows = rows("builds", &["builds", "--other", PROGRAM, "--only=find/arbiter/1x10"]);
    check(&rows, "find/arbiter/1x10/depth1", ["this", "other"]);
    let output = benches(&["builds", "--other=/nowhere", "--only=find/arbiter/1x10", "--rounds=1"]);
    assert!(!output.status.success());
}

#[test]
fn a_run_that_cannot_be_measured_says_why_and_gives_no_figures() {
    let output = benches(&[
        "run-one",
        "--driver=official",
        "--host=tokio",
        "--op=ping",
        "--callers=1",
        "--sockets=1",
        "--seconds=0.05",
        "--warm-up=0.05",
        "--uri=mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200",
    ]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("connecting") && complaint.contains("selection"), "{complaint}");
}

#[test]
fn a_name_that_no_case_has_is_an_error() {
    let output = benches(&["client", "--self-check", "--only=nothing"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing"));
}
