//! The first look-up: with `connect`, which waits for it, and in the background.

use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Kind, TopologyKind};
use test_support::{Hello, Manner, block_on};

use crate::support::{HOST, NAME, SOON, connect, hosts, ping, refused, scene, scene_of, until_hosts};

#[test]
fn both_kinds_of_records_are_asked_for_at_once() {
    let scene = scene();
    let connection = connect(scene.builder(""));
    ping(&connection);
    let mut kinds: Vec<_> = scene.dns.questions().into_iter().take(2).map(|question| question.kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["SRV", "TXT"]);
}

#[test]
fn options_of_a_txt_record_hold_and_the_string_and_the_builder_win() {
    let scene = scene_of(Hello::primary("rs"));
    let member = |set: &str| {
        let me = format!("{HOST}:{}", scene.port(0));
        Hello::primary(set).hosts([me.clone()]).with("me", me)
    };
    scene.routers[0].set_hello(member("rs"));
    scene.dns.set_zone(scene.zone(&[0]).txt(NAME, &["replicaSet=", "rs"]));
    let connection = connect(scene.builder(""));
    assert_eq!(connection.core().snapshots.borrow().topology.set_name.as_deref(), Some("rs"));
    ping(&connection);
    scene.dns.set_zone(scene.zone(&[0]).txt(NAME, &["replicaSet=other"]));
    ping(&connect(scene.builder("&replicaSet=rs")));
    ping(&connect(scene.builder("").replica_set("rs")));
}

#[test]
fn a_txt_record_can_tell_of_a_load_balancer() {
    let hello = Hello::mongos().with("serviceId", bson::oid::ObjectId::new());
    let scene = scene_of(hello);
    scene.dns.set_zone(scene.zone(&[0]).txt(NAME, &["loadBalanced=true"]));
    let connection = connect(scene.builder(""));
    ping(&connection);
    assert_eq!(connection.core().snapshots.borrow().topology.kind, TopologyKind::LoadBalanced);
    let log = scene.routers[0].log();
    let handshake = log.commands.iter().find(|it| it.is_hello()).unwrap();
    assert!(handshake.body.get_bool("loadBalanced").unwrap(), "{}", handshake.body);
    // The same of the builder, which the string's own options would not allow.
    scene.dns.set_zone(scene.zone(&[0, 1]).txt(NAME, &["loadBalanced=true"]));
    assert_eq!(refused(scene.builder("")).kind(), Kind::InvalidUri);
    ping(&connect(
        scene.builder("").hosts([scene.routers[0].address().to_string()]).unwrap().load_balanced(true),
    ));
}

#[test]
fn records_that_contradict_are_told_at_once() {
    let scene = scene();
    let cases = [
        ("replicaSet=a", "&srvMaxHosts=1", "srvMaxHosts"),
        ("socketTimeoutMS=1", "", "only authSource, replicaSet, loadBalanced"),
        ("ssl=false", "", "only authSource"),
        ("authSource", "", "no value"),
    ];
    for (text, query, sentence) in cases {
        scene.dns.set_zone(scene.zone(&[0, 1]).txt(NAME, &[text]));
        let error = refused(scene.builder(query));
        assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
    scene.dns.set_zone(scene.zone(&[0, 1]).txt(NAME, &["authSource=a"]).txt(NAME, &["replicaSet=b"]));
    assert!(refused(scene.builder("")).to_string().contains("2 TXT records"));
    scene.dns.set_zone(scene.zone(&[0, 1]).txt(NAME, &["replicaSet=b"]));
    assert_eq!(refused(scene.builder("").srv_max_hosts(1)).kind(), Kind::InvalidArgument);
    assert!(scene.routers.iter().all(|router| router.log().connections.is_empty()));
}

#[test]
fn no_records_are_an_error_of_connect() {
    let scene = scene();
    scene.dns.set_zone(scene.zone(&[]));
    let error = refused(scene.builder(""));
    assert_eq!(error.kind(), Kind::ConnectionFailure);
    assert!(error.to_string().contains(&format!("no SRV records of \"_mongodb._tcp.{NAME}\"")), "{error}");
}

#[test]
fn in_the_background_it_is_tried_until_it_succeeds() {
    let scene = scene();
    scene.dns.set_zone(scene.zone(&[]));
    let connection = scene.builder("").connect_lazy().unwrap();
    let hurried = connection.with_timeout(Duration::from_millis(900));
    let begun = Instant::now();
    let call = hurried.database("admin").unwrap().run_command(doc! { "ping": 1 });
    let error = block_on(call.into_future()).unwrap_err();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(error.to_string().contains("no SRV records of"), "{error}");
    scene.dns.set_zone(scene.zone(&[0, 1]));
    ping(&connection);
    assert_eq!(hosts(&connection), scene.named(&[0, 1]));
}

/// What no waiting mends is told at once, and what waits in that moment hears of it; but who
/// mends the records need not connect anew.
#[test]
fn records_that_may_not_be_end_calls_at_once() {
    let scene = scene();
    let foreign = || scene.zone(&[0]).srv(NAME, 27017, "evil.example.com");
    let several = || scene.zone(&[0]).txt(NAME, &["authSource=a"]).txt(NAME, &["replicaSet=b"]);
    let zones = [
        (foreign(), "is not below the domain"),
        (several(), "2 TXT records"),
        (scene.zone(&[0]).txt(NAME, &["ssl=false"]), "only authSource"),
        (scene.zone(&[0]).srv(NAME, 27017, "a,b.test.build.10gen.cc"), "is no host name"),
    ];
    for (zone, sentence) in zones {
        scene.dns.set_zone(zone);
        let connection = scene.builder("").connect_lazy().unwrap();
        let begun = Instant::now();
        for _ in 0..2 {
            let call = connection.database("admin").unwrap().run_command(doc! { "ping": 1 });
            let error = block_on(call.into_future()).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidUri, "{error:?}");
            assert!(error.to_string().contains(sentence) && !error.may_have_run(), "{error:?}");
        }
        assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
        scene.dns.set_zone(scene.zone(&[0, 1]));
        until_hosts(&connection, &scene.named(&[0, 1]));
        ping(&connection);
    }
    assert!(scene.routers[2].log().connections.is_empty());
}

#[test]
fn of_many_hosts_some_are_taken() {
    let scene = scene();
    scene.dns.set_zone(scene.zone(&[0, 1, 2, 3]));
    assert_eq!(hosts(&connect(scene.builder("&srvMaxHosts=2"))).len(), 2);
    assert_eq!(hosts(&connect(scene.builder("&srvMaxHosts=2").srv_max_hosts(3))).len(), 3);
    let standard = || Connection::builder().uri("mongodb://a").unwrap();
    assert_eq!(refused(standard().srv_max_hosts(1)).kind(), Kind::InvalidArgument);
    assert_eq!(refused(standard().srv_service_name("x")).kind(), Kind::InvalidArgument);
    assert_eq!(refused(scene.builder("").srv_service_name("_x")).kind(), Kind::InvalidArgument);
    ping(&connect(scene.builder("&srvServiceName=other").srv_service_name("mongodb")));
}

#[test]
fn listed_hosts_take_the_place_of_the_name() {
    let scene = scene();
    let builder = scene.builder("").hosts([scene.routers[3].address().to_string()]).unwrap();
    ping(&connect(builder));
    assert_eq!(scene.dns.questions(), []);
}

#[test]
fn a_look_up_that_is_dropped_leaves_nothing_behind() {
    let scene = scene();
    scene.dns.set_manner(Manner::Silent);
    let mut connecting = scene.builder("").connect();
    let mut task = Context::from_waker(Waker::noop());
    assert!(connecting.as_mut().poll(&mut task).is_pending());
    scene.until_asked(1);
    drop(connecting);
    let connection = scene.builder("").connect_lazy().unwrap();
    block_on(connection.close(Duration::ZERO));
    let asked = scene.srv_questions();
    // A question that is lost is asked again after two seconds.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(scene.srv_questions(), asked);
}
