//! The actor that polls SRV records: when it lives, and what becomes of it.

use std::time::Duration;

use actix_mongo::actors::provoke::provoke;
use actix_mongo::actors::srv_poller::SrvPoller;
use test_support::{Hello, Zone, block_on, poll_until};

use crate::support::{HOST, NAME, RESCAN, SOON, connect, hosts, ping, scene, scene_of, until_hosts};

/// Where one panics, all of the process do: these take turns with each other, and `provoke`
/// with nobody else, since a poller that panicked goes on half a second later.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn a_replica_set_does_not_follow_its_records() {
    let scene = scene_of(Hello::primary("rs"));
    let port = scene.port(0);
    let member = Hello::primary("rs").hosts([format!("{HOST}:{port}")]).with("me", format!("{HOST}:{port}"));
    scene.routers[0].set_hello(member);
    scene.dns.set_zone(scene.zone(&[0]));
    let connection = connect(scene.builder(""));
    ping(&connection);
    let before = scene.srv_questions();
    scene.dns.set_zone(scene.zone(&[1]));
    // Nothing tells that something does not happen; it would happen within RESCAN.
    std::thread::sleep(RESCAN * 2 + Duration::from_millis(200));
    assert!(scene.srv_questions() <= before + 1, "{} after {before}", scene.srv_questions());
    assert_eq!(hosts(&connection), scene.named(&[0]));
}

#[test]
fn a_panic_of_the_poller_costs_half_a_second() {
    let _turn = TURN.lock().unwrap();
    let scene = scene();
    let connection = connect(scene.builder(""));
    assert!(provoke::<SrvPoller>() >= 1);
    poll_until(SOON, "the panic to be noted", || {
        connection.state().recent.iter().any(|it| it.what.contains("the poller of SRV records ended"))
    });
    ping(&connection);
    assert_eq!(hosts(&connection), scene.named(&[0, 1]));
    scene.dns.set_zone(scene.zone(&[2]));
    until_hosts(&connection, &scene.named(&[2]));
}

#[test]
fn a_panic_during_the_first_look_up_is_not_the_end_of_it() {
    let _turn = TURN.lock().unwrap();
    let scene = scene();
    scene.dns.set_manner(test_support::Manner::Silent);
    let connection = scene.builder("").connect_lazy().unwrap();
    scene.until_asked(1);
    assert!(provoke::<SrvPoller>() >= 1);
    scene.dns.set_manner(test_support::Manner::Honest);
    ping(&connection);
    assert_eq!(hosts(&connection), scene.named(&[0, 1]));
}

#[test]
fn nothing_is_asked_after_the_end() {
    let scene = scene();
    let connection = connect(scene.builder(""));
    scene.until_asked(1);
    block_on(connection.close(Duration::ZERO));
    let asked = scene.srv_questions();
    std::thread::sleep(RESCAN * 4);
    assert_eq!(scene.srv_questions(), asked);
}

#[test]
fn a_stranger_among_later_records_is_left_out() {
    let scene = scene();
    let connection = connect(scene.builder(""));
    let zone: Zone = scene.zone(&[0, 2]).srv(NAME, 1, "localhost.evil.build.10gen.cc");
    scene.dns.set_zone(zone);
    until_hosts(&connection, &scene.named(&[0, 2]));
}
