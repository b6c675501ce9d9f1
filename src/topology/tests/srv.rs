use super::*;

fn found(topology: &mut Topology, hosts: &[&str]) -> Change {
    topology.apply(Outcome::SrvHosts { hosts: hosts.iter().map(|host| address(host)).collect() })
}

fn srv(seeds: &[&str]) -> TopologySettings {
    TopologySettings { srv: true, ..settings(seeds) }
}

#[test]
fn hosts_that_stay_are_left_alone() {
    let mut topology = Topology::new(srv(&["a", "b"])).unwrap();
    hello(&mut topology, "a", doc! { "msg": "isdbgrid" });
    let change = found(&mut topology, &["c", "a"]);
    assert_eq!((change.added, change.removed), (vec![address("c")], vec![address("b")]));
    assert_eq!(kind_of(&topology, "a"), ServerKind::Mongos);
}

#[test]
fn only_unknown_and_sharded_topologies_follow() {
    let mut topology = Topology::new(srv(&["a", "b"])).unwrap();
    hello(&mut topology, "a", primary(&["a", "b"]));
    assert_eq!(found(&mut topology, &["c"]).ignored, Some(Ignored::NotFollowingSrv));
    let mut topology = Topology::new(srv(&["a"])).unwrap();
    assert_eq!(found(&mut topology, &[]).ignored, Some(Ignored::NotFollowingSrv));
    let mut topology = Topology::new(settings(&["a"])).unwrap();
    assert_eq!(found(&mut topology, &["c"]).ignored, Some(Ignored::NotFollowingSrv));
}

#[test]
fn a_limit_keeps_who_is_there_and_fills_up() {
    let mut topology = Topology::new(TopologySettings { srv_max_hosts: 2, ..srv(&["a", "b", "c"]) }).unwrap();
    assert_eq!(names(&topology), ["a:27017", "b:27017"]);
    found(&mut topology, &["d", "b", "e"]);
    assert_eq!(names(&topology), ["b:27017", "d:27017"]);
}

#[test]
fn the_first_look_up_may_come_late() {
    let mut topology =
        Topology::new(TopologySettings { replica_set: Some("rs".into()), ..srv(&[]) }).unwrap();
    assert_eq!(topology.start().added, []);
    assert_eq!(found(&mut topology, &["a", "b"]).added, [address("a"), address("b")]);
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetNoPrimary);
    assert_eq!(found(&mut topology, &["c"]).ignored, Some(Ignored::NotFollowingSrv));

    let mut topology = Topology::new(TopologySettings { load_balanced: true, ..srv(&[]) }).unwrap();
    assert!(topology.start().pool.is_none());
    assert!(is_ready(&found(&mut topology, &["a"]), "a"));
    assert_eq!(kind_of(&topology, "a"), ServerKind::LoadBalancer);
}

#[test]
fn dns_may_settle_what_the_string_left_open() {
    let mut topology = Topology::new(srv(&[])).unwrap();
    let settings = TopologySettings { replica_set: Some("rs".into()), ..srv(&["a", "b"]) };
    let change = topology.seed(settings).unwrap();
    assert_eq!(change.added, [address("a"), address("b")]);
    assert_eq!(topology.description().kind, TopologyKind::ReplicaSetNoPrimary);
    assert_eq!(topology.description().set_name.as_deref(), Some("rs"));

    let mut topology = Topology::new(srv(&[])).unwrap();
    let balanced = TopologySettings { load_balanced: true, ..srv(&["a"]) };
    assert!(is_ready(&topology.seed(balanced).unwrap(), "a"));
    assert_eq!(kind_of(&topology, "a"), ServerKind::LoadBalancer);

    let mut topology = Topology::new(srv(&[])).unwrap();
    let bad = TopologySettings { load_balanced: true, ..srv(&["a", "b"]) };
    assert!(topology.seed(bad).is_err() && names(&topology).is_empty());
}

#[test]
fn a_lone_standalone_among_hosts_that_were_added_later_is_removed() {
    let mut topology = Topology::new(srv(&["a"])).unwrap();
    found(&mut topology, &["a", "b"]);
    hello(&mut topology, "a", doc! {});
    assert_eq!(names(&topology), ["b:27017"]);
    assert_eq!(topology.description().kind, TopologyKind::Unknown);
}
