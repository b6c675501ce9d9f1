use std::sync::Arc;
use std::time::Duration;

use super::super::selection::{in_window, pick, suitable, why_none};
use super::*;

const HEARTBEAT: Duration = Duration::from_secs(10);

fn found(topology: &Topology, criteria: &Criteria) -> Vec<String> {
    let servers = suitable(topology.description(), criteria, &[], HEARTBEAT).unwrap();
    servers.iter().map(|server| server.address.to_string()).collect()
}

fn server(name: &str, rtt: Option<u64>) -> Arc<ServerDescription> {
    let mut server =
        ServerDescription { kind: ServerKind::Mongos, ..ServerDescription::unknown(address(name)) };
    if let Some(ms) = rtt {
        server.rtt.add(Duration::from_millis(ms));
    }
    Arc::new(server)
}

#[test]
fn a_certain_server_is_found_while_it_is_available() {
    let mut topology = replica_set();
    assert_eq!(found(&topology, &Criteria::Server(address("b"))), ["b:27017"]);
    assert_eq!(found(&topology, &Criteria::Server(address("z"))), [""; 0]);
    check_failed(&mut topology, "b", CheckFailure::Network);
    assert_eq!(found(&topology, &Criteria::Server(address("b"))), [""; 0]);
}

#[test]
fn an_incompatible_server_fails_every_selection() {
    let mut topology = replica_set();
    hello(&mut topology, "b", with(secondary(&["a", "b"]), doc! { "maxWireVersion": 7 }));
    let error = suitable(topology.description(), &Criteria::Write, &[], HEARTBEAT).unwrap_err();
    assert!(error.to_string().contains("Server at b:27017 reports wire version 7"), "{error}");
}

#[test]
fn a_deprioritized_server_is_better_than_none() {
    let topology = replica_set();
    let select = |out: &[&str]| {
        let out: Vec<_> = out.iter().map(|name| address(name)).collect();
        let nearest = Criteria::Read(ReadPreference::new(ReadMode::Nearest));
        suitable(topology.description(), &nearest, &out, HEARTBEAT).unwrap().len()
    };
    assert_eq!((select(&[]), select(&["a"]), select(&["a", "b"])), (2, 1, 2));
}

#[test]
fn the_least_staleness_follows_the_heartbeat() {
    let topology = replica_set();
    let select = |seconds, heartbeat| {
        let limit = Duration::from_secs(seconds);
        let read = Criteria::Read(ReadPreference::new(ReadMode::Secondary).with_max_staleness(limit));
        suitable(topology.description(), &read, &[], Duration::from_secs(heartbeat)).map(|found| found.len())
    };
    assert_eq!(select(89, 10).unwrap_err().kind(), Kind::InvalidArgument);
    assert_eq!(select(109, 100).unwrap_err().kind(), Kind::InvalidArgument);
    // Nobody said when the last write was: the secondary may be any time behind.
    assert_eq!(select(90, 10).unwrap(), 0);
}

#[test]
fn dates_of_a_mad_server_do_no_harm() {
    let mut topology = replica_set();
    let wrote = |date: i64| doc! { "lastWrite": { "lastWriteDate": bson::DateTime::from_millis(date) } };
    hello(&mut topology, "a", with(primary(&["a", "b"]), wrote(i64::MAX)));
    hello(&mut topology, "b", with(secondary(&["a", "b"]), wrote(i64::MIN)));
    let limit = Duration::from_secs(u64::MAX);
    let read = Criteria::Read(ReadPreference::new(ReadMode::Secondary).with_max_staleness(limit));
    assert_eq!(found(&topology, &read), ["b:27017"]);
    let limit = Duration::from_secs(90);
    let read = Criteria::Read(ReadPreference::new(ReadMode::Secondary).with_max_staleness(limit));
    assert_eq!(found(&topology, &read), [""; 0]);
}

#[test]
fn who_was_not_measured_is_far_unless_nobody_was() {
    let window = Duration::from_millis(15);
    let near = in_window(vec![server("a", Some(5)), server("b", None), server("c", Some(20))], window);
    assert_eq!(near.iter().map(|server| server.address.host()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(in_window(vec![server("a", None), server("b", None)], window).len(), 2);
    assert_eq!(in_window(Vec::new(), window).len(), 0);
}

#[test]
fn the_choice_is_between_two_different_servers() {
    let servers: Vec<_> = ["a", "b", "c"].iter().map(|name| server(name, None)).collect();
    let load = |address: &ServerAddress| if address.host() == "a" { 0 } else { 1 };
    for first in 0..3 {
        for second in 0..2 {
            let mut numbers = [first, second].into_iter();
            let chosen = pick(&servers, load, |_| numbers.next().unwrap()).unwrap();
            let has_a = first == 0 || (second == 0 && first > 0);
            assert_eq!(chosen.address.host() == "a", has_a, "{first} {second}");
        }
    }
    assert!(pick(&[], load, |_| 0).is_none());
    assert_eq!(pick(&servers[1..2], load, |_| 9).unwrap().address.host(), "b");
}

#[test]
fn the_sentence_names_each_server_its_state_and_its_error() {
    let mut topology =
        Topology::new(TopologySettings { replica_set: Some("rs".into()), ..settings(&["a", "b", "c"]) })
            .unwrap();
    hello(&mut topology, "b", secondary(&["a", "b", "c"]));
    check_failed(&mut topology, "c", CheckFailure::Network);
    let sentence =
        why_none(topology.description(), &Criteria::Write, Instant::now() + Duration::from_secs(60));
    for part in [
        "for a write",
        "ReplicaSetNoPrimary 'rs'",
        "a:27017 has not been checked yet",
        "b:27017 is RSSecondary, checked 60.",
        "c:27017 is Unknown since 60.",
        "the monitor's socket broke",
    ] {
        assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
    }
    let nothing = why_none(&TopologyDescription::default(), &Criteria::Write, Instant::now());
    assert!(nothing.contains("no server is known"), "{nothing}");
}

#[test]
fn a_pipeline_that_writes_goes_to_the_primary_while_any_server_is_old() {
    let secondary_first = || ReadPreference::new(ReadMode::Secondary);
    let mut topology = replica_set();
    let recent = |fields| with(fields, doc! { "maxWireVersion": 13 });
    let old = |fields| with(fields, doc! { "maxWireVersion": 12 });
    hello(&mut topology, "a", recent(primary(&["a", "b"])));
    hello(&mut topology, "b", recent(secondary(&["a", "b"])));
    let output = Criteria::Output(secondary_first());
    assert_eq!(found(&topology, &output), ["b:27017"]);
    hello(&mut topology, "a", old(primary(&["a", "b"])));
    assert_eq!(found(&topology, &output), ["a:27017"]);
    // One that can't be reached has no say.
    check_failed(&mut topology, "a", CheckFailure::Network);
    assert_eq!(found(&topology, &output), ["b:27017"]);
    assert_eq!(found(&topology, &Criteria::Read(secondary_first())), ["b:27017"]);
}
