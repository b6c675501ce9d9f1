//! Prose tests of the specification of polling SRV records, by their numbers. Ports 27017 to
//! 27020 are those of four scripted routers, 0 to 3.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_mongo::Connection;
use test_support::{Hello, Manner, poll_until};

use crate::support::{HOST, NAME, RESCAN, SOON, Scene, connect, hosts, ping, scene, scene_of, until_hosts};

fn connected(query: &str) -> (Scene, Connection) {
    let scene = scene();
    let connection = connect(scene.builder(query));
    assert_eq!(hosts(&connection), scene.named(&[0, 1]));
    (scene, connection)
}

/// After a change of the records, the connection knows `expected`, and works.
fn changes(records: &[usize], expected: &[usize]) {
    let (scene, connection) = connected("");
    scene.dns.set_zone(scene.zone(records));
    until_hosts(&connection, &scene.named(expected));
    ping(&connection);
}

/// While DNS is so, nothing changes; and afterwards it goes on.
fn keeps(scene: Scene, connection: Connection) {
    scene.until_asked(3);
    assert_eq!(hosts(&connection), scene.named(&[0, 1]));
    scene.dns.set_manner(Manner::Honest);
    scene.dns.set_zone(scene.zone(&[2]));
    until_hosts(&connection, &scene.named(&[2]));
    ping(&connection);
}

#[test]
fn prose_1_addition_of_a_new_dns_record() {
    changes(&[0, 1, 2], &[0, 1, 2]);
}

#[test]
fn prose_2_removal_of_an_existing_dns_record() {
    changes(&[0], &[0]);
}

#[test]
fn prose_3_replacement_of_a_dns_record() {
    changes(&[0, 2], &[0, 2]);
}

#[test]
fn prose_4_replacement_of_both_existing_dns_records_with_one_new_record() {
    changes(&[2], &[2]);
}

#[test]
fn prose_5_replacement_of_both_existing_dns_records_with_two_new_records() {
    changes(&[2, 3], &[2, 3]);
}

#[test]
fn prose_6_dns_record_lookup_timeout() {
    let (scene, connection) = connected("&connectTimeoutMS=200");
    scene.dns.set_manner(Manner::Silent);
    keeps(scene, connection);
}

#[test]
fn prose_7_dns_record_lookup_failure() {
    let (scene, connection) = connected("");
    const REFUSED: u16 = 5;
    scene.dns.set_manner(Manner::Code(REFUSED));
    keeps(scene, connection);
}

#[test]
fn prose_8_removal_of_all_dns_srv_records() {
    let (scene, connection) = connected("");
    scene.dns.set_zone(scene.zone(&[]).txt(NAME, &[]));
    keeps(scene, connection);
}

#[test]
fn prose_9_srv_polling_is_not_done_for_load_balanced_clusters() {
    let hello = Hello::mongos().with("serviceId", bson::oid::ObjectId::new());
    let scene = scene_of(hello);
    scene.dns.set_zone(scene.zone(&[0]));
    let connection = connect(scene.builder("&loadBalanced=true"));
    scene.dns.set_zone(scene.zone(&[0, 1]));
    ping(&connection);
    // Nothing tells that something does not happen; it would happen within RESCAN.
    std::thread::sleep(RESCAN * 2 + Duration::from_millis(200));
    assert_eq!(hosts(&connection), scene.named(&[0]));
    assert_eq!(scene.srv_questions(), 1);
}

#[test]
fn prose_10_all_dns_records_are_selected_srv_max_hosts_0() {
    let (scene, connection) = connected("&srvMaxHosts=0");
    scene.dns.set_zone(scene.zone(&[0, 2, 3]));
    until_hosts(&connection, &scene.named(&[0, 2, 3]));
}

#[test]
fn prose_11_all_dns_records_are_selected_srv_max_hosts_not_below_records() {
    let (scene, connection) = connected("&srvMaxHosts=2");
    scene.dns.set_zone(scene.zone(&[2, 3]));
    until_hosts(&connection, &scene.named(&[2, 3]));
}

#[test]
fn prose_12_new_dns_records_are_randomly_selected_srv_max_hosts_above_0() {
    let mut seen = BTreeSet::new();
    let (scene, first) = connected("&srvMaxHosts=2");
    drop(first);
    poll_until(SOON * 6, "both of the new hosts to be picked", || {
        scene.dns.set_zone(scene.zone(&[0, 1]));
        let connection = connect(scene.builder("&srvMaxHosts=2"));
        scene.dns.set_zone(scene.zone(&[0, 2, 3]));
        let old = format!("{HOST}:{}", scene.port(1));
        poll_until(SOON, "the old host to leave", || !hosts(&connection).contains(&old));
        let mut now = hosts(&connection);
        assert_eq!(now.len(), 2, "{now:?}");
        assert!(now.remove(&format!("{HOST}:{}", scene.port(0))), "{now:?}");
        seen.extend(now);
        seen == scene.named(&[2, 3])
    });
}

#[test]
fn prose_13_dns_record_with_custom_service_name_can_be_found() {
    let scene = scene();
    let name = "test22.test.build.10gen.cc";
    let zone = |routers: &[usize]| {
        routers.iter().fold(scene.zone(&[]), |zone, index| {
            zone.srv(&format!("_customname._tcp.{name}"), scene.port(*index), HOST)
        })
    };
    scene.dns.set_zone(zone(&[0]));
    let connection = connect(scene.builder_of(name, "&srvServiceName=customname"));
    scene.dns.set_zone(zone(&[2, 3]));
    until_hosts(&connection, &scene.named(&[2, 3]));
}
