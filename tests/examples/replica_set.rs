//! `examples/replica_set.rs`.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use actix_mongo::bson::doc;
use test_support::real_server::Options;
use test_support::scripted::Hello;
use test_support::{RealServer, Rule, ScriptedServer};

use crate::reading::{LONG, assert_clean, fails_without_server, figures, line};
use crate::support::{Ended, Example, server};

#[test]
fn a_set_of_one_member_shows_all_but_secondaries() {
    let server = server();
    let address = server.address().to_string();
    // The first seed is down.
    let example = Example::new("replica_set").uri(&server.uri()).arguments(["127.0.0.1:1", &address]);
    let ended = example.run_within(LONG);
    assert!(ended.success, "{ended}");
    assert!(line(&ended, "belongs to the replica set").starts_with(&address), "{ended}");
    assert!(line(&ended, "From the seed").contains(" alone, 1 members of "), "{ended}");
    assert_eq!(line(&ended, "  127.0.0.1"), format!("  {address} is the primary"), "{ended}");
    let host = format!("Port {} of 127.0.0.1 is the primary", server.port());
    assert_eq!(line(&ended, "primary now"), format!("{host} now."), "{ended}");
    for mode in ["primary", "secondaryPreferred", "nearest"] {
        assert!(line(&ended, &format!("preference {mode}:")).contains(&address), "{ended}");
    }
    let [written, errors, counted] = figures(line(&ended, "Wrote"))[..] else { panic!("{ended}") };
    assert!(written > 0 && written == counted && errors == 0, "{ended}");
    assert_clean(&server);
}

#[test]
fn nothing_is_lost_while_the_primary_is_away() {
    // Once in a while this server, started again, refuses a write for a mistake of its own.
    let mut told = (0..5).map(|_| primary_away()).filter(|ended| !ended.stderr.contains("WtError"));
    let ended = told.next().expect("a server that takes writes after its restart");
    assert!(ended.success, "{ended}");
    let [written, errors, counted] = figures(line(&ended, "Wrote "))[..] else { panic!("{ended}") };
    assert!(errors > 0 && written == counted, "{ended}");
}

/// Kills the primary while the example writes, and starts it again once that has met an error.
/// What the example printed from then on is the standard output.
fn primary_away() -> Ended {
    // This server keeps what it has acknowledged through a crash only if it is told to.
    let mut server = RealServer::start(Options::new().argument("--sync-on-commit")).unwrap();
    let example = Example::new("replica_set").uri(&server.uri()).arguments(["--for", "3"]);
    let (running, stdout) = example.start();
    let mut lines = BufReader::new(stdout).lines().map(Result::unwrap);
    lines.find(|line| line.contains("see what happens")).unwrap();
    server.kill().unwrap();
    let error = lines.next().unwrap();
    assert!(error.contains("may have been done: ") || error.contains("was not done: "), "{error}");
    server.restart().unwrap();
    let stdout = lines.collect::<Vec<_>>().join("\n");
    let ended = running.end_within(LONG);
    if ended.success {
        assert_clean(&server);
    }
    Ended { stdout, ..ended }
}

#[test]
fn a_member_without_a_configuration_gets_one() {
    let fresh = Hello::standalone().with("isreplicaset", true);
    let told = doc! { "parsed": { "replication": { "replSet": "foo" } }, "ok": 1 };
    let server = ScriptedServer::builder()
        .hello(fresh)
        .rule(Rule::on("getCmdLineOpts").reply(told))
        .rule(Rule::on("replSetInitiate").reply(doc! { "ok": 1 }))
        .start();
    let (running, stdout) = Example::new("replica_set").uri(&server.uri()).start();
    server.wait_for(|log| log.count("replSetInitiate") == 1, Duration::from_secs(20));
    server.set_hello(Hello::primary("foo"));
    let mut lines = BufReader::new(stdout).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "Initiated the replica set \"foo\" with 1 members.");
    assert!(lines.next().unwrap().ends_with(" alone, 1 members of \"foo\" are known:"));
    let log = server.log();
    let command = &log.commands_named("replSetInitiate").next().unwrap().body;
    let members = vec![doc! { "_id": 0, "host": server.address().to_string() }];
    let configuration = doc! { "_id": "foo", "members": members };
    assert_eq!(command.get_document("replSetInitiate").unwrap(), &configuration);
    drop(running);
}

#[test]
fn a_server_on_its_own_is_told_what_to_do() {
    let server = RealServer::start(Options::new().standalone()).unwrap();
    let ended = Example::new("replica_set").uri(&server.uri()).run_within(LONG);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.ends_with("is on its own; start it with --replSet\n"), "{ended}");
}

#[test]
fn bad_arguments_are_refused_by_name() {
    for arguments in [vec!["--four", "3"], vec!["--for"], vec!["--for", "ever"], vec!["no host"]] {
        let ended = Example::new("replica_set").arguments(&arguments).run_within(LONG);
        assert_eq!(ended.code, Some(1), "{ended}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(arguments[0]), "{ended}");
    }
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    fails_without_server("replica_set");
}
