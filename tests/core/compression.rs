//! What travels compressed, and what does not.

use actix_mongo::wire::frame::MORE_TO_COME;
use actix_mongo::{Compressor, MonitoringMode};
use bson::{Bson, Document, doc};
use test_support::packed::{NOOP, SNAPPY, ZLIB, ZSTD};
use test_support::scripted::CommandRecord;
use test_support::{FaultProxy, Gate, Hello, Rule, ScriptedServer};

use actix_mongo::topology::ServerAddress;

use crate::support::{
    Client, Command, SOON, command, connect, connect_to, find, insert, send_on, soon, story,
};

/// More than any compressor takes for little.
const LARGE: usize = 300_000;

fn server(compressors: &[&str]) -> ScriptedServer {
    let list: Vec<Bson> = compressors.iter().map(|name| Bson::from(*name)).collect();
    ScriptedServer::builder().hello(Hello::primary("rs").with("compression", list)).start()
}

fn client(server: &ScriptedServer, compressors: &[Compressor]) -> Client {
    connect(&[server], |options| {
        options.compressors = compressors.to_vec();
        options.pool.max_size = 1;
    })
}

fn number(compressor: Compressor) -> u8 {
    match compressor {
        Compressor::Snappy => SNAPPY,
        Compressor::Zlib => ZLIB,
        _ => ZSTD,
    }
}

fn large_insert() -> Command {
    let mut insert = insert();
    insert.body_mut().insert("comment", "large and larger ".repeat(LARGE / 17));
    insert
}

fn last(server: &ScriptedServer, name: &str) -> CommandRecord {
    server.log().commands_named(name).last().expect("it came").clone()
}

#[test]
fn requests_and_replies_are_compressed_once_the_server_has_agreed() {
    for compressor in Compressor::ALL {
        story(async {
            let server = server(&["snappy", "zlib", "zstd"]);
            let client = client(&server, &[compressor]);
            client.ping().await;
            let text = "again and ".repeat(500);
            let filled = command(doc! { "buildInfo": 1, "filler": &text });
            soon(client.run(filled)).await.expect("served");
            server.rule(Rule::on("ping").reply(doc! { "ok": 1, "text": &text }));
            let reply = soon(client.run(command(doc! { "ping": 1 }))).await.expect("served");
            assert_eq!(reply.get_str("text").unwrap(), text);

            let log = server.log();
            assert_eq!(log.protocol_errors, [""; 0]);
            for command in &log.commands {
                let expected = (!command.is_hello()).then(|| number(compressor));
                assert_eq!(command.compressor, expected, "{}", command.name);
            }
            let greeted = &log.commands[0].body;
            assert_eq!(greeted.get_array("compression").unwrap(), &[Bson::from(compressor.name())]);
            assert!(last(&server, "buildInfo").length < 1000);
            assert_eq!(client.pool().limits().compressor, Some(compressor));
        });
    }
}

#[test]
fn the_first_of_ours_that_the_server_has_is_taken() {
    use Compressor::{Snappy, Zlib, Zstd};
    let rows: [(&[Compressor], &[&str], Option<u8>); 5] = [
        (&[Zlib, Snappy], &["snappy", "zlib"], Some(ZLIB)),
        (&[Snappy, Zlib], &["zlib", "snappy"], Some(SNAPPY)),
        (&[Zstd, Zlib], &["snappy", "zlib"], Some(ZLIB)),
        (&[Zstd], &["snappy"], None),
        (&[], &["snappy", "zlib", "zstd"], None),
    ];
    for (ours, theirs, chosen) in rows {
        story(async {
            let server = server(theirs);
            let client = client(&server, ours);
            client.ping().await;
            assert_eq!(last(&server, "ping").compressor, chosen, "{ours:?} {theirs:?}");
            let names: Vec<_> = ours.iter().map(|compressor| Bson::from(compressor.name())).collect();
            assert_eq!(server.log().commands[0].body.get_array("compression").unwrap(), &names);
        });
    }
}

#[test]
fn a_server_that_knows_no_compression_is_served_without() {
    story(async {
        let server = ScriptedServer::start();
        let client = client(&server, &Compressor::ALL);
        client.ping().await;
        soon(client.run(large_insert())).await.expect("served");
        assert!(server.log().commands.iter().all(|command| command.compressor.is_none()));
    });
}

/// A server may use any compressor of the list for each reply, and none.
#[test]
fn each_reply_says_for_itself_how_it_is_compressed() {
    story(async {
        let server = server(&["zlib"]);
        let client = client(&server, &[Compressor::Zlib, Compressor::Snappy, Compressor::Zstd]);
        for rule in [
            Rule::on("ping").plain(),
            Rule::on("ping").packed(SNAPPY),
            Rule::on("ping").packed(ZSTD).byte_by_byte(),
            Rule::on("ping").packed(NOOP),
            Rule::on("ping").packed(ZLIB).checksum(test_support::scripted::Checksum::Good),
            Rule::on("ping").packed(ZLIB).sequence("more", vec![doc! { "a": 1 }]),
        ] {
            server.rule(rule.once().reply(doc! { "ok": 1, "text": "x".repeat(400) }));
            let reply = soon(client.run(command(doc! { "ping": 1 }))).await.expect("served");
            assert_eq!(reply.get_str("text").unwrap().len(), 400);
        }
        assert_eq!(server.log().used_connections().len(), 1);
        assert_eq!(client.stats().generation, 0);
    });
}

#[test]
fn the_replies_to_the_greeting_and_to_monitors_may_be_compressed() {
    story(async {
        let server = server(&["zstd"]);
        server.rule(Rule::on("isMaster").packed(ZSTD));
        server.rule(Rule::on("hello").packed(ZSTD));
        let client = client(&server, &[Compressor::Zstd]);
        client.ping().await;
        server.set_hello(Hello::primary("rs").with("tags", doc! { "seen": "yes" }));
        let mut snapshots = client.core().snapshots.clone();
        let seen = snapshots.wait_for(|snapshot| {
            snapshot
                .topology
                .servers
                .values()
                .any(|server| server.hello.as_ref().is_some_and(|hello| hello.tags.contains_key("seen")))
        });
        soon(seen).await.expect("the monitor reads on");
        assert_eq!(last(&server, "ping").compressor, Some(ZSTD));
    });
}

#[test]
fn commands_with_secrets_are_never_compressed() {
    story(async {
        let server = server(&["snappy"]);
        let client = client(&server, &[Compressor::Snappy]);
        let secret = ["saslStart", "saslContinue", "getnonce", "authenticate", "createUser", "updateUser"];
        let legacy = ["copydbSaslStart", "copydbgetnonce", "copydb", "hello", "isMaster", "CREATEUSER"];
        for name in secret.into_iter().chain(legacy) {
            server.rule(Rule::on(name).reply(doc! { "ok": 1 }));
            soon(client.run(command(doc! { name: 1, "pwd": "p".repeat(LARGE) }))).await.expect("served");
            assert_eq!(last(&server, name).compressor, None, "{name}");
            client.ping().await;
            assert_eq!(last(&server, "ping").compressor, Some(SNAPPY));
        }
    });
}

#[test]
fn sixteen_requests_in_flight_with_replies_of_both_kinds() {
    story(async {
        let server = server(&["snappy", "zstd"]);
        let client = connect(&[&server], |options| {
            options.compressors = vec![Compressor::Zstd, Compressor::Snappy];
            options.pool.max_size = 1;
            options.pool.pipeline_depth = 16;
        });
        client.ping().await;
        let gate = Gate::new();
        let number = |it: &CommandRecord| it.body.get_i32("number").unwrap();
        let reply =
            move |it: &CommandRecord| doc! { "ok": 1, "number": number(it), "text": "x".repeat(70_000) };
        server.rule(Rule::on("ping").once().after(&gate).reply_with(reply));
        server.rule(Rule::on("ping").when(move |it| number(it) % 3 == 0).plain().reply_with(reply));
        server.rule(Rule::on("ping").when(move |it| number(it) % 3 == 1).packed(SNAPPY).reply_with(reply));
        server.rule(Rule::on("ping").reply_with(reply));
        let mut calls = Vec::new();
        for number in 0..40 {
            calls.push(client.start(command(doc! { "ping": 1, "number": number })).await);
        }
        server.until(|log| log.count("ping") == 17, SOON).await;
        assert_eq!(client.stats().in_flight, 16);
        gate.open();
        for (number, call) in (0..).zip(calls) {
            assert_eq!(soon(call).await.unwrap().expect("served").get_i32("number").unwrap(), number);
        }
        let log = server.log();
        assert_eq!((log.count("ping"), log.used_connections().len()), (41, 1));
        assert!(log.commands_named("ping").all(|ping| ping.compressor == Some(ZSTD)));
    });
}

#[test]
fn a_request_without_a_reply_is_compressed_too() {
    story(async {
        let server = server(&["zlib"]);
        let client = client(&server, &[Compressor::Zlib]);
        client.ping().await;
        let lease = client.lease().await.expect("a socket");
        soon(send_on(&lease, doc! { "insert": "c", "documents": [{ "_id": 1 }] })).await.unwrap().unwrap();
        drop(lease);
        for _ in 0..2 {
            let unacknowledged = large_insert().flags(MORE_TO_COME);
            soon(client.run(unacknowledged)).await.expect("it is sent");
        }
        client.ping().await;
        let log = server.log();
        assert!(log.commands_named("insert").all(|insert| insert.compressor == Some(ZLIB)));
        assert_eq!((log.count("insert"), log.used_connections().len()), (3, 1));
    });
}

/// The caller compresses it, over a socket of its own, with session, number and time like any.
#[test]
fn a_large_write_is_the_same_write_as_a_small_one() {
    story(async {
        let server = server(&["zstd"]);
        let client = client(&server, &[Compressor::Zstd]);
        client.ping().await;
        for _ in 0..2 {
            let insert = large_insert().within(SOON);
            soon(client.run(insert)).await.expect("a write");
            soon(client.run(insert_small())).await.expect("a write");
        }
        let log = server.log();
        let inserts: Vec<&CommandRecord> = log.commands_named("insert").collect();
        let numbers: Vec<_> = inserts.iter().map(|it| it.body.get_i64("txnNumber").unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        for insert in inserts {
            assert_eq!(insert.compressor, Some(ZSTD));
            assert!(insert.length < 10_000, "{}", insert.length);
            assert_eq!(insert.body["lsid"], log.commands_named("ping").next().unwrap().body["lsid"]);
            let left = insert.body.get_i64("maxTimeMS");
            assert!(left.is_err() || left.is_ok_and(|left| (1..=10_000).contains(&left)));
            assert!(insert.body.contains_key("$clusterTime"));
        }
        assert_eq!(log.used_connections().len(), 1);
        client.ping().await;
        assert_eq!((client.stats().leased, client.core().sessions.len()), (0, 1));
    });
}

fn insert_small() -> Command {
    insert()
}

#[test]
fn a_large_write_whose_socket_broke_is_sent_once_more_as_the_same_write() {
    story(async {
        let server = server(&["snappy"]);
        let client = client(&server, &[Compressor::Snappy]);
        client.ping().await;
        server.rule(Rule::on("insert").once().reset());
        soon(client.run(large_insert())).await.expect("the second attempt");
        let log = server.log();
        let identity = |it: &CommandRecord| (it.body["lsid"].clone(), it.body["txnNumber"].clone());
        let attempts: Vec<_> = log.commands_named("insert").map(identity).collect();
        assert_eq!(attempts.len(), 2);
        assert_eq!(attempts[0], attempts[1]);
        assert!(log.commands_named("insert").all(|it| it.compressor == Some(SNAPPY)));
    });
}

/// The pool gives it a socket that is dead; the next one has another compressor.
#[test]
fn a_large_write_finds_its_way_past_a_dead_socket_to_one_with_another_compressor() {
    story(async {
        let server = server(&["snappy"]);
        let client = connect(&[&server], |options| {
            options.compressors = vec![Compressor::Snappy, Compressor::Zlib];
            options.pool.max_size = 1;
            options.monitoring = MonitoringMode::Poll;
        });
        client.ping().await;
        server.set_hello(Hello::primary("rs").with("compression", vec!["zlib"]));
        server.close_connection(server.log().used_connections()[0]);
        soon(client.run(large_insert())).await.expect("a write");
        assert_eq!(last(&server, "insert").compressor, Some(ZLIB));
        assert_eq!(last(&server, "insert").body.get_i64("txnNumber").ok(), Some(1));
        assert_eq!(server.log().protocol_errors, [""; 0]);
    });
}

#[test]
fn a_large_request_waits_its_turn_and_counts_with_its_bytes() {
    story(async {
        let server = server(&["zlib"]);
        let client = client(&server, &[Compressor::Zlib]);
        client.ping().await;
        let gate = Gate::new();
        server.rule(Rule::on("ping").once().after(&gate));
        let first = client.start(command(doc! { "ping": 1 })).await;
        server.until(|log| log.count("ping") == 2, SOON).await;
        let large = client.start(large_insert()).await;
        let small = client.start(find()).await;
        assert!(client.stats().queued_bytes > LARGE - 100, "{:?}", client.stats());
        let dropped = client.start(large_insert()).await;
        dropped.abort();
        assert!(dropped.await.expect_err("aborted").is_cancelled());
        gate.open();
        for call in [first, large, small] {
            soon(call).await.unwrap().expect("served");
        }
        assert_eq!(server.log().names(), ["ping", "ping", "insert", "find"]);
        assert_eq!(client.stats().queued_bytes, 0);
    });
}

#[test]
fn the_compressed_reply_to_a_dropped_call_is_looked_into_like_any_other() {
    story(async {
        let server = server(&["zstd"]);
        let client = client(&server, &[Compressor::Zstd]);
        client.ping().await;
        let gate = Gate::new();
        let cursor = doc! { "id": 77_i64, "ns": "d.c", "firstBatch": [{ "text": "x".repeat(100_000) }] };
        server.rule(Rule::on("find").once().after(&gate).reply(doc! { "ok": 1, "cursor": cursor }));
        let mut wide = find();
        wide.body_mut().insert("comment", "x".repeat(LARGE));
        let call = client.start(wide).await;
        server.until(|log| log.count("find") == 1, SOON).await;
        call.abort();
        assert!(call.await.expect_err("aborted").is_cancelled());
        gate.open();
        server.until(|log| log.count("killCursors") == 1, SOON).await;
        let kill = last(&server, "killCursors");
        assert_eq!(kill.body.get_array("cursors").unwrap(), &[Bson::Int64(77)]);
        assert_eq!(kill.compressor, Some(ZSTD));
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

/// The bytes themselves, past both codecs.
#[test]
fn fewer_bytes_travel_both_ways() {
    story(async {
        let server = server(&["zstd"]);
        let text = "so much to say ".repeat(2000);
        server.rule(Rule::on("ping").reply(doc! { "ok": 1, "text": &text }));
        let mut seen = Vec::new();
        for compressors in [vec![], vec![Compressor::Zstd]] {
            let proxy = FaultProxy::start(server.address());
            let seed = ServerAddress::new(&proxy.address().ip().to_string(), proxy.address().port());
            let client = connect_to(vec![seed], |options| {
                options.topology.direct_connection = true;
                options.compressors = compressors;
            });
            let call = command(doc! { "ping": 1, "text": &text });
            let reply: Document = soon(client.run(call)).await.expect("served");
            assert_eq!(reply.get_str("text").unwrap(), text);
            seen.push(proxy.bytes());
        }
        let [(plain_up, plain_down), (up, down)] = seen[..] else { panic!("two rounds") };
        assert!(plain_up > 30_000 && plain_down > 30_000);
        assert!(up < 5_000 && down < 5_000, "{up} {down}");
    });
}
