use std::sync::Arc;
use std::time::Duration;

use super::*;

#[test]
fn a_reply_of_a_removed_server_is_ignored() {
    let mut topology = replica_set();
    let change = hello(&mut topology, "a", primary(&["a"]));
    assert_eq!((change.removed, change.added), (vec![address("b")], vec![]));
    let late = hello(&mut topology, "b", secondary(&["a", "b"]));
    assert_eq!(late.ignored, Some(Ignored::NotAMember));
    assert!(!late.must_publish());
    let late = check_failed(&mut topology, "b", CheckFailure::Network);
    assert_eq!((late.ignored, late.pool.is_some()), (Some(Ignored::NotAMember), false));
    assert_eq!(names(&topology), ["a:27017"]);
}

#[test]
fn an_older_topology_version_changes_nothing_and_readies_nothing() {
    let mut topology = Topology::new(settings(&["a"])).unwrap();
    hello(&mut topology, "a", with(primary(&["a"]), version(1, 5)));
    let stale = hello(&mut topology, "a", with(secondary(&["a"]), version(1, 4)));
    assert_eq!(stale.ignored, Some(Ignored::StaleTopologyVersion));
    assert!(stale.pool.is_none());
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsPrimary);
    // The same version is news of the same state: it counts, and so do other processes'.
    let same = hello(&mut topology, "a", with(primary(&["a"]), version(1, 5)));
    assert!(is_ready(&same, "a"));
    let restarted = hello(&mut topology, "a", with(secondary(&["a"]), version(2, 0)));
    assert_eq!(restarted.ignored, None);
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsSecondary);
}

#[test]
fn a_seed_named_twice_is_one_seed() {
    let mut topology = Topology::new(settings(&["A:27017", "a"])).unwrap();
    assert_eq!(topology.start().added, [address("a")]);
    hello(&mut topology, "a", doc! {});
    assert_eq!(topology.description().kind, TopologyKind::Single);
}

#[test]
fn the_last_server_may_go_and_then_nothing_comes() {
    let mut topology =
        Topology::new(TopologySettings { replica_set: Some("rs".into()), ..settings(&["a"]) }).unwrap();
    let change = hello(&mut topology, "a", doc! { "msg": "isdbgrid" });
    assert_eq!(change.removed, [address("a")]);
    // The pool goes away with its server: there is nothing to be marked ready.
    assert!(change.pool.is_none());
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetNoPrimary);
    assert!(hello(&mut topology, "a", primary(&["a"])).ignored.is_some());
}

#[test]
fn a_new_primary_sends_the_monitor_to_the_old_one_and_leaves_its_pool_alone() {
    let mut topology = replica_set();
    let change = hello(&mut topology, "b", primary(&["a", "b"]));
    assert_eq!(change.check_now, Some(address("a")));
    assert!(is_ready(&change, "b"));
    assert_eq!(kind_of(&topology, "a"), ServerKind::Unknown);
    // An old primary that is no member any more has no monitor to send.
    let change = hello(&mut topology, "a", primary(&["a"]));
    assert_eq!((change.check_now, change.removed), (None, vec![address("b")]));
}

#[test]
fn a_primary_of_an_older_election_becomes_unknown_until_it_is_checked_again() {
    let elected = |id: u8| doc! { "electionId": ObjectId::from_bytes([id; 12]), "setVersion": 1 };
    let mut topology = Topology::new(settings(&["a", "b"])).unwrap();
    hello(&mut topology, "a", with(primary(&["a", "b"]), elected(2)));
    let change = hello(&mut topology, "b", with(primary(&["a", "b"]), elected(1)));
    assert_eq!(change.check_now, None);
    let error = topology.description().servers[&address("b")].error.clone().unwrap().to_string();
    let tuples = format!(
        "(electionId {}, setVersion 1) is stale compared to (electionId {}, setVersion 1)",
        "01".repeat(12),
        "02".repeat(12)
    );
    assert!(error.contains(&tuples), "{error}");
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsPrimary);
}

#[test]
fn a_failed_check_clears_the_pool_and_is_repeated_once_if_the_server_was_well() {
    let mut topology = replica_set();
    for (failure, interrupts, recheck) in [
        (CheckFailure::Network, false, true),
        (CheckFailure::Timeout, true, true),
        (CheckFailure::Command, false, false),
    ] {
        hello(&mut topology, "b", secondary(&["a", "b"]));
        let change = check_failed(&mut topology, "b", failure);
        let Some(PoolAction::Clear { interrupt, service_id: None, .. }) = change.pool else {
            panic!("{failure:?}: {:?}", change.pool);
        };
        assert_eq!(interrupt, interrupts, "{failure:?}");
        assert_eq!(change.recheck.is_some(), recheck, "{failure:?}");
        let again = check_failed(&mut topology, "b", failure);
        assert_eq!(again.recheck, None, "{failure:?}");
        assert!(matches!(again.pool, Some(PoolAction::Clear { .. })), "{failure:?}");
    }
}

#[test]
fn a_refused_hello_is_a_failed_check() {
    let mut topology = replica_set();
    let change = hello(&mut topology, "a", doc! { "ok": 0, "errmsg": "not now", "code": 211 });
    assert!(matches!(change.pool, Some(PoolAction::Clear { interrupt: false, .. })));
    let server = &topology.description().servers[&address("a")];
    assert_eq!(server.error.as_ref().and_then(Error::code), Some(211));
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetNoPrimary);
}

#[test]
fn round_trips_go_on_between_kinds_and_start_over_after_unknown() {
    let mut topology = replica_set();
    let sample = |topology: &mut Topology, ms| {
        topology.apply(Outcome::RoundTrip { address: address("b"), sample: Duration::from_millis(ms) })
    };
    let average = |topology: &Topology| topology.description().servers[&address("b")].rtt.average();
    let change = sample(&mut topology, 10);
    assert!(change.must_publish() && change.pool.is_none());
    assert_eq!(change.previous.servers, change.current.servers, "a round trip is no event");
    hello(&mut topology, "b", primary(&["a", "b"]));
    assert_eq!(average(&topology), Some(Duration::from_millis(10)));
    check_failed(&mut topology, "b", CheckFailure::Network);
    assert_eq!(average(&topology), None);
    assert_eq!(sample(&mut topology, 10).ignored, Some(Ignored::SaysNothing));
    hello(&mut topology, "b", secondary(&["a", "b"]));
    sample(&mut topology, 30);
    assert_eq!(average(&topology), Some(Duration::from_millis(30)));
}

#[test]
fn a_direct_connection_is_ready_whatever_the_server_is() {
    let direct = |replica_set: Option<&str>| {
        let replica_set = replica_set.map(str::to_owned);
        Topology::new(TopologySettings { direct_connection: true, replica_set, ..settings(&["a"]) }).unwrap()
    };
    let arbiter = || doc! { "arbiterOnly": true, "setName": "rs", "hosts": ["b"] };
    let mut topology = direct(None);
    assert!(is_ready(&hello(&mut topology, "a", arbiter()), "a"));
    assert_eq!(names(&topology), ["a:27017"]);
    let mut topology = direct(Some("other"));
    let change = hello(&mut topology, "a", arbiter());
    assert!(change.pool.is_none());
    let error = topology.description().servers[&address("a")].error.clone().unwrap().to_string();
    assert!(error.contains("'rs'") && error.contains("'other'"), "{error}");
}

#[test]
fn an_arbiter_is_a_member_without_a_pool_to_use() {
    let mut topology = replica_set();
    let change = hello(&mut topology, "b", doc! { "arbiterOnly": true, "setName": "rs", "hosts": ["a"] });
    assert!(change.pool.is_none());
    assert_eq!(kind_of(&topology, "b"), ServerKind::RsArbiter);
}

#[test]
fn a_load_balancer_is_ready_from_the_start_and_stays_what_it_is() {
    let balanced = TopologySettings { load_balanced: true, ..settings(&["a"]) };
    let mut topology = Topology::new(balanced).unwrap();
    let start = topology.start();
    assert!(is_ready(&start, "a"));
    assert!(start.previous.servers.is_empty());
    assert!(Arc::ptr_eq(&start.current, topology.description()));
    assert_eq!(hello(&mut topology, "a", primary(&["a"])).ignored, Some(Ignored::LoadBalanced));
    assert_eq!(check_failed(&mut topology, "a", CheckFailure::Network).ignored, Some(Ignored::LoadBalanced));
    assert_eq!(kind_of(&topology, "a"), ServerKind::LoadBalancer);
}
