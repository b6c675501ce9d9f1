//! What name servers can do wrong, and what people who stand between can.

use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::dns::{SrvLookup, SrvName};
use actix_mongo::{Connection, Kind, Resolver};
use test_support::{DnsServer, Hello, Manner, ScriptedServer, Zone, block_on, poll_until};

use crate::support::{HOST, NAME, connect, hosts, ping, refused, scene};

/// Above what a call was given, for a busy machine.
const LATE: Duration = Duration::from_secs(3);

/// The hosts of a seed list, looked up without a connection, which would watch each of them.
fn looked_up(zone: Zone) -> (DnsServer, usize) {
    let dns = DnsServer::start(zone);
    let lookup = SrvLookup {
        name: SrvName::new(SHORT, SrvName::DEFAULT_SERVICE),
        resolver: Resolver::name_servers([dns.address()]),
        limit: Some(LATE * 3),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (list, _) = runtime.block_on(lookup.first()).unwrap();
    let questions = dns.questions();
    assert!(questions.iter().any(|question| question.kind == "SRV" && question.tcp), "{questions:?}");
    (dns, list.hosts.len())
}

/// A name so short that a thousand of its records fit into one answer.
const SHORT: &str = "s.t.cc";

/// A record takes 53 bytes.
fn many(count: u16) -> Zone {
    (0..count).fold(Zone::new(0), |zone, n| zone.srv(SHORT, 27017, &format!("label-{n:04}.t.cc")))
}

#[test]
fn an_answer_that_fills_64_kib() {
    let (dns, count) = looked_up(many(1230));
    assert_eq!(count, 1230);
    assert!(dns.longest_answer() > 65_000, "{}", dns.longest_answer());
    let scene = scene();
    scene.dns.set_zone(many(1230));
    let connection = scene.builder_of(SHORT, "&srvMaxHosts=3").connect_lazy().unwrap();
    poll_until(LATE * 3, "hosts", || !hosts(&connection).is_empty());
    assert_eq!(hosts(&connection).len(), 3);
}

#[test]
fn a_thousand_records() {
    assert_eq!(looked_up(many(1000)).1, 1000);
}

#[test]
fn an_answer_above_64_kib_is_none() {
    let scene = scene();
    scene.dns.set_zone(many(2000));
    let error = refused(scene.builder_of(SHORT, "&connectTimeoutMS=2000"));
    assert!(error.to_string().contains("could not be looked up (DNS took"), "{error}");
}

#[test]
fn a_truncated_answer_is_asked_for_by_tcp() {
    let scene = scene();
    scene.dns.set_manner(Manner::Truncated);
    ping(&connect(scene.builder("")));
    let questions = scene.dns.questions();
    for kind in ["SRV", "TXT", "A"] {
        assert!(questions.iter().any(|question| question.kind == kind && question.tcp), "{questions:?}");
    }
}

#[test]
fn a_resolver_that_never_answers_ends_with_the_call() {
    let scene = scene();
    scene.dns.set_manner(Manner::Silent);
    let begun = Instant::now();
    let error = refused(scene.builder("&connectTimeoutMS=400"));
    assert!(begun.elapsed() < LATE, "{:?}", begun.elapsed());
    assert_eq!(error.kind(), Kind::ConnectionFailure);
    assert!(error.is_network() && error.to_string().contains("(DNS took 4"), "{error}");

    let connection = scene.builder("&connectTimeoutMS=300").connect_lazy().unwrap();
    let hurried = connection.with_timeout(Duration::from_millis(700));
    let begun = Instant::now();
    let call = hurried.database("admin").unwrap().run_command(doc! { "ping": 1 });
    let error = block_on(call.into_future()).unwrap_err();
    assert!(begun.elapsed() < LATE, "{:?}", begun.elapsed());
    assert!(error.is_timeout() && error.to_string().contains("DNS took 3"), "{error}");

    // `connect` waits no longer than for a server, whatever a look-up may take.
    let impatient = scene.builder("").server_selection_timeout(Duration::from_millis(300));
    let begun = Instant::now();
    let error = refused(impatient);
    assert!(begun.elapsed() < LATE, "{:?}", begun.elapsed());
    assert!(error.to_string().contains("DNS did not tell of the servers in time"), "{error}");
}

#[test]
fn a_host_that_never_resolves_ends_with_the_call_too() {
    let scene = scene();
    scene.dns.set_manner(Manner::Silent);
    let builder = Connection::builder().uri("mongodb://db.example/?connectTimeoutMS=300").unwrap();
    let builder = builder.resolver(Resolver::name_servers([scene.dns.address()]));
    let begun = Instant::now();
    let error = refused(builder.server_selection_timeout(Duration::from_millis(700)));
    assert!(begun.elapsed() < LATE, "{:?}", begun.elapsed());
    let sentence =
        "the name of the server could not be looked up within connectTimeoutMS (300 ms); DNS took 3";
    assert!(error.to_string().contains(sentence), "{error}");
}

#[test]
fn garbage_and_foreign_answers_are_no_answers() {
    for manner in [
        Manner::Garbage,
        Manner::WrongId { then_right: false },
        Manner::AlwaysTruncated,
        Manner::Code(2),
        Manner::Code(5),
    ] {
        let scene = scene();
        scene.dns.set_manner(manner.clone());
        if matches!(manner, Manner::WrongId { .. }) {
            // By TCP the right one follows; the foreign one must not be taken for it.
            ping_or_fail(scene);
            continue;
        }
        let error = refused(scene.builder("&connectTimeoutMS=1000"));
        assert_eq!(error.kind(), Kind::ConnectionFailure, "{manner:?}: {error}");
        assert!(error.to_string().contains("could not be looked up (DNS took"), "{manner:?}: {error}");
    }
}

fn ping_or_fail(scene: crate::support::Scene) {
    match block_on(scene.builder("&connectTimeoutMS=3000").connect()) {
        Ok(connection) => assert_eq!(hosts(&connection), scene.named(&[0, 1])),
        Err(error) => assert!(error.to_string().contains("DNS took"), "{error}"),
    }
}

#[test]
fn the_right_answer_behind_a_foreign_one_counts() {
    let scene = scene();
    scene.dns.set_manner(Manner::WrongId { then_right: true });
    ping(&connect(scene.builder("")));
}

#[test]
fn names_that_lead_to_each_other_end() {
    let scene = scene();
    let (first, second) = (format!("_mongodb._tcp.{NAME}"), "_mongodb._tcp.other.test.build.10gen.cc");
    scene.dns.set_zone(Zone::new(0).cname(&first, second).cname(second, &first));
    let begun = Instant::now();
    let error = refused(scene.builder("&connectTimeoutMS=2000"));
    assert!(begun.elapsed() < LATE + Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
    assert!(scene.dns.questions().len() < 200, "{}", scene.dns.questions().len());
}

#[test]
fn a_text_that_is_none_is_refused() {
    let scene = scene();
    scene.dns.set_zone(scene.zone(&[0]).txt(NAME, &["replicaSet=%ff"]));
    assert_eq!(refused(scene.builder("")).kind(), Kind::InvalidUri);
}

#[test]
fn a_host_among_dead_addresses_is_found() {
    let server = ScriptedServer::builder().hello(Hello::mongos()).start();
    let zone = Zone::new(0).srv(NAME, server.address().port(), HOST);
    // Nothing listens on the sixth version's loopback.
    let zone = zone.address(HOST, "::1").address(HOST, "127.0.0.1");
    let scene = scene();
    scene.dns.set_zone(zone);
    ping(&connect(scene.builder("")));
}
