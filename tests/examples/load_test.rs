//! `examples/load_test`.

use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::Duration;

use actix_mongo::bson::doc;
use test_support::block_on;

use crate::reading::{LONG, assert_clean, database, fails_without_server, figures, line};
use crate::support::{Ended, Example, server};

/// The figures of a row of a table, as they stand there.
#[track_caller]
fn row(ended: &Ended, name: &str) -> Vec<f64> {
    let mut rows = ended.stdout.lines().filter_map(|line| line.strip_prefix(name));
    let row = rows.next().unwrap_or_else(|| panic!("no row {name:?}: {ended}"));
    row.split_whitespace().map(|cell| cell.parse().unwrap_or_else(|_| panic!("{row:?}: {ended}"))).collect()
}

/// How many succeeded and failed.
#[track_caller]
fn counts(ended: &Ended, name: &str) -> (u64, u64) {
    let [succeeded, _, failed] = row(ended, name)[..] else { panic!("{ended}") };
    (succeeded as u64, failed as u64)
}

#[test]
fn its_figures_are_those_of_the_database() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let chart = folder.path().join("chart.svg");
    let arguments =
        ["--seconds", "3.5", "--callers", "8", "--sockets", "4", "--reads", "50", "--keep", "--chart"];
    let example = Example::new("load_test").uri(&server.uri()).arguments(arguments).arguments([&chart]);
    let ended = example.run_within(LONG);
    assert!(ended.success, "{ended}");

    let [(reads, _), (writes, _), (all, failed)] =
        ["reads ", "writes ", "all "].map(|name| counts(&ended, name));
    assert!(reads > 0 && writes > 0 && failed == 0, "{ended}");
    assert_eq!(reads + writes, all, "{ended}");
    let things = database(&server, "actix_mongo_load_test").collection("things").unwrap();
    let counted = block_on(things.count_documents(doc! {}).into_future()).unwrap();
    assert_eq!(counted, 1_000 + writes);
    let found = block_on(things.find_one(doc! { "_id": 1_000 }).into_future()).unwrap().unwrap();
    assert_eq!(found.to_vec().unwrap().len(), 512, "documents have the size that was asked for");

    let medians = row(&ended, "50 % ");
    let longest = row(&ended, "most ");
    assert!(medians.iter().zip(&longest).all(|(median, most)| median <= most), "{ended}");
    assert_eq!(longest[2], longest[0].max(longest[1]), "{ended}");

    let progress: Vec<_> = ended.stderr.lines().collect();
    assert!(progress.len() >= 2, "a line each second: {ended}");
    assert!(progress.iter().all(|line| line.contains(" ops/s ") && line.ends_with("errors 0")), "{ended}");
    assert!(!ended.stderr.contains('\u{1b}'), "no terminal, no codes for one: {ended}");

    let chart = std::fs::read_to_string(chart).unwrap();
    assert!(chart.starts_with("<svg ") && chart.trim_end().ends_with("</svg>"));
    for label in ["Latency over time", "Throughput over time", "99 % within", "seconds", "percentile"] {
        assert!(chart.contains(label), "{label}");
    }
}

/// While the server hangs nobody calls it, so the calls that were made say nothing of it; what
/// was due does.
#[test]
fn with_a_rate_a_hanging_server_counts_for_all_that_was_due() {
    let (mut server, folder) = (server(), tempfile::tempdir().unwrap());
    let chart = folder.path().join("chart.svg");
    let arguments = ["--seconds", "4", "--callers", "2", "--rate", "100", "--chart"];
    let example = Example::new("load_test").uri(&server.uri()).arguments(arguments).arguments([&chart]);
    let (running, stderr) = example.start_with_errors();
    let mut progress = BufReader::new(stderr).lines().map(Result::unwrap);
    progress.next().unwrap();
    server.freeze().unwrap();
    progress.next().unwrap();
    server.thaw().unwrap();
    assert!(progress.all(|line| line.contains(" ops/s ")));
    let ended = running.end_within(LONG);
    assert!(ended.success, "{ended}");

    let (succeeded, failed) = counts(&ended, "all ");
    let left = ended.stdout.lines().find(|line| line.contains("found no caller free"));
    let left = left.map_or(0, |line| figures(line)[0]);
    assert_eq!(succeeded + failed + left, 400, "{ended}");
    // A quarter of the time, of which two callers noticed one call each.
    let [.., due, begun] = row(&ended, "90 % ")[..] else { panic!("{ended}") };
    assert!(due > 300.0 && begun < 300.0, "{ended}");
    assert_clean(&server);
}

#[test]
fn an_interrupt_ends_it_with_a_report() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let chart = folder.path().join("chart.svg");
    let arguments = ["--seconds", "600", "--rate", "1", "--chart"];
    let example = Example::new("load_test").uri(&server.uri()).arguments(arguments).arguments([&chart]);
    let (running, stderr) = example.start_with_errors();
    let mut progress = BufReader::new(stderr).lines().map(Result::unwrap);
    progress.next().unwrap();
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ended = running.end_within(LONG);
    assert!(ended.success, "{ended}");
    assert!(counts(&ended, "all ").0 > 0 && chart.exists(), "{ended}");
    assert_clean(&server);
}

#[test]
fn errors_are_counted_by_kind_and_fail_it_if_there_is_nothing_else() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let data = doc! { "failCommands": ["find"], "errorCode": 13 };
    let fail = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data };
    let admin = database(&server, "admin");
    block_on(admin.run_command(fail).into_future()).unwrap();
    let chart = folder.path().join("chart.svg");
    let arguments = ["--seconds", "0.5", "--reads", "100", "--chart"];
    let example = Example::new("load_test").uri(&server.uri()).arguments(arguments).arguments([&chart]);
    let ended = example.run_within(LONG);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.ends_with("error: no operation succeeded\n"), "{ended}");
    let (succeeded, failed) = counts(&ended, "all ");
    assert!(succeeded == 0 && failed > 0, "{ended}");
    let told = line(&ended, "at first: ");
    assert!(told.starts_with(&format!("{failed} times Command, ")) && told.contains("code 13"), "{ended}");
    assert!(std::fs::read_to_string(chart).unwrap().contains("there is nothing to show"));
}

#[test]
fn bad_arguments_are_refused_by_name() {
    for (argument, value) in [("--reads", "101"), ("--sockets", "0"), ("--seconds", "0"), ("--rate", "-1")] {
        let example = Example::new("load_test").arguments([format!("{argument}={value}")]);
        let ended = example.run_within(Duration::from_secs(10));
        assert_eq!(ended.code, Some(2), "{ended}");
        assert!(ended.stderr.contains(argument) && ended.stderr.contains(value), "{ended}");
    }
}

#[test]
fn a_chart_that_can_not_be_written_is_told_before_the_load() {
    let server = server();
    let arguments = ["--seconds", "600", "--chart", "/no/such/folder/chart.svg"];
    let example = Example::new("load_test").uri(&server.uri()).arguments(arguments);
    let ended = example.run_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.starts_with("error: /no/such/folder/chart.svg: "), "{ended}");
    assert_clean(&server);
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    fails_without_server("load_test");
}
