use super::*;
use crate::error::label;

fn report(phase: Phase, failure: Failure) -> ApplicationError {
    ApplicationError {
        address: address("a"),
        generation: 3,
        current_generation: 3,
        phase,
        failure,
        service_id: None,
        error: Error::new(Kind::AutoReconnect, "the socket broke"),
        now: Instant::now(),
    }
}

fn command(code: i32, topology_version: Option<TopologyVersion>) -> Failure {
    Failure::Command(CommandFailure { code: Some(code), message: String::new(), topology_version })
}

fn apply(topology: &mut Topology, report: ApplicationError) -> Change {
    topology.apply(Outcome::Application(report))
}

#[test]
fn a_broken_socket_makes_the_server_unknown_and_stops_the_check_under_way() {
    let mut topology = replica_set();
    let change = apply(&mut topology, report(Phase::Established, Failure::Network));
    assert!(matches!(change.pool, Some(PoolAction::Clear { interrupt: false, service_id: None, .. })));
    assert_eq!((change.check_now, change.cancel_check), (None, Some(address("a"))));
    assert_eq!(kind_of(&topology, "a"), ServerKind::Unknown);
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetNoPrimary);
}

#[test]
fn what_says_nothing_of_the_server_changes_nothing() {
    let mut topology = replica_set();
    for failure in [Failure::Timeout, Failure::Other, command(11000, None)] {
        let change = apply(&mut topology, report(Phase::Established, failure));
        assert_eq!(change.ignored, Some(Ignored::SaysNothing));
    }
    for failure in [Failure::Timeout, Failure::Network] {
        let change = apply(&mut topology, report(Phase::Establishing, failure));
        assert_eq!(change.ignored, Some(Ignored::Overloaded));
    }
    for failure in [Failure::Timeout, Failure::Network, Failure::Other, command(18, None)] {
        let mut labelled = report(Phase::Authenticating, failure);
        labelled.error = labelled.error.with_label(label::SYSTEM_OVERLOADED);
        assert_eq!(apply(&mut topology, labelled).ignored, Some(Ignored::Overloaded));
    }
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsPrimary);
}

#[test]
fn what_keeps_sockets_from_being_opened_clears_the_pool() {
    for (phase, failure) in [
        (Phase::Establishing, Failure::Other),
        (Phase::Authenticating, Failure::Network),
        (Phase::Authenticating, Failure::Timeout),
        (Phase::Authenticating, command(18, None)),
    ] {
        let mut topology = replica_set();
        let change = apply(&mut topology, report(phase, failure.clone()));
        assert!(matches!(change.pool, Some(PoolAction::Clear { .. })), "{failure:?}");
        assert_eq!(kind_of(&topology, "a"), ServerKind::Unknown, "{failure:?}");
    }
}

#[test]
fn a_state_change_is_checked_at_once_and_clears_only_at_shutdown() {
    for (code, clears) in [(10107, false), (189, false), (91, true), (11600, true)] {
        let mut topology = replica_set();
        let change = apply(&mut topology, report(Phase::Established, command(code, None)));
        assert_eq!((change.check_now, change.cancel_check), (Some(address("a")), None), "{code}");
        assert_eq!(change.pool.is_some(), clears, "{code}");
        assert_eq!(kind_of(&topology, "a"), ServerKind::Unknown, "{code}");
    }
}

#[test]
fn the_second_report_of_one_state_change_is_stale() {
    let stepped_down = || {
        let process_id = ObjectId::from_bytes([1; 12]);
        command(10107, Some(TopologyVersion { process_id, counter: 7 }))
    };
    let mut topology = replica_set();
    hello(&mut topology, "a", with(primary(&["a", "b"]), version(1, 6)));
    let first = apply(&mut topology, report(Phase::Established, stepped_down()));
    assert_eq!(first.ignored, None);
    let second = apply(&mut topology, report(Phase::Established, stepped_down()));
    assert_eq!(second.ignored, Some(Ignored::StaleTopologyVersion));
    hello(&mut topology, "a", with(secondary(&["a", "b"]), version(1, 7)));
    let third = apply(&mut topology, report(Phase::Established, stepped_down()));
    assert_eq!(third.ignored, Some(Ignored::StaleTopologyVersion));
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsSecondary);
}

#[test]
fn an_error_of_an_earlier_generation_or_a_removed_server_is_ignored() {
    let mut topology = replica_set();
    let stale = ApplicationError { generation: 2, ..report(Phase::Established, Failure::Network) };
    assert_eq!(apply(&mut topology, stale).ignored, Some(Ignored::StaleGeneration));
    let foreign = ApplicationError { address: address("z"), ..report(Phase::Established, Failure::Network) };
    assert_eq!(apply(&mut topology, foreign).ignored, Some(Ignored::NotAMember));
    assert_eq!(kind_of(&topology, "a"), ServerKind::RsPrimary);
}

#[test]
fn behind_a_load_balancer_only_the_sockets_of_one_service_go() {
    let service = ObjectId::from_bytes([9; 12]);
    let balanced = TopologySettings { load_balanced: true, ..settings(&["a"]) };
    let mut topology = Topology::new(balanced).unwrap();
    let at = |phase, failure| ApplicationError { service_id: Some(service), ..report(phase, failure) };
    for (phase, failure) in [
        (Phase::Established, Failure::Network),
        (Phase::Established, command(91, None)),
        (Phase::Authenticating, command(18, None)),
    ] {
        let change = apply(&mut topology, at(phase, failure));
        assert!(matches!(change.pool, Some(PoolAction::Clear { service_id: Some(id), .. }) if id == service));
        assert_eq!((change.check_now, change.cancel_check), (None, None));
    }
    let stepped_down = apply(&mut topology, at(Phase::Established, command(10107, None)));
    assert!(stepped_down.pool.is_none());
    let early = apply(&mut topology, report(Phase::Establishing, Failure::Other));
    assert_eq!(early.ignored, Some(Ignored::LoadBalanced));
    let nameless = apply(&mut topology, report(Phase::Authenticating, Failure::Network));
    assert!(nameless.pool.is_none());
    assert_eq!(kind_of(&topology, "a"), ServerKind::LoadBalancer);
}
