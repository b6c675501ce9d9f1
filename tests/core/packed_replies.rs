//! Servers that compress against the rules: it costs the socket it came over, nothing else.

use actix_mongo::{Compressor, Error, Kind};
use bson::{Bson, doc};
use test_support::packed::{SNAPPY, ZLIB, ZSTD, compress, pack, wrap};
use test_support::wire::Message;
use test_support::{Gate, Hello, Rule, ScriptedServer};

use crate::support::{SOON, command, connect, soon, story};

/// One reply is what the function makes of the plain one. The error of that call comes back;
/// all else must go on as if nothing had happened.
fn broken_by(bend: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Error {
    story(async {
        let list: Vec<Bson> = ["snappy", "zlib", "zstd"].map(Bson::from).to_vec();
        // What it says of sizes is not believed either.
        let hello = Hello::primary("rs").with("compression", list).with("maxMessageSizeBytes", i32::MAX);
        let server = ScriptedServer::builder().hello(hello).start();
        let client = connect(&[&server], |options| options.compressors = Compressor::ALL.to_vec());
        let gate = Gate::new();
        server.rule(Rule::on("buildInfo").after(&gate));
        let mut calls = Vec::new();
        for _ in 0..2 {
            calls.push(client.start(command(doc! { "buildInfo": 1 })).await);
        }
        server.until(|log| log.count("buildInfo") == 2, SOON).await;
        gate.open();
        for call in calls {
            soon(call).await.unwrap().expect("served");
        }
        server.rule(Rule::on("ping").once().plain().bent(bend));
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("the reply was broken");
        assert_eq!(error.kind(), Kind::Protocol, "{error:?}");
        assert!(error.may_have_run() && error.is_network());
        let broken = server.log().commands_named("ping").next().unwrap().connection;
        server.until(|log| log.connections[broken - 1].end.is_some(), SOON).await;
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 2, "the other socket is sound");
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
        error
    })
}

#[track_caller]
fn assert_says(error: &Error, what: &str) {
    assert!(error.to_string().contains(what), "{error}");
}

/// With another size than it has.
fn sized(mut packed: Vec<u8>, size: i32) -> Vec<u8> {
    packed[20..24].copy_from_slice(&size.to_le_bytes());
    packed
}

const ALL: [u8; 3] = [SNAPPY, ZLIB, ZSTD];

#[test]
fn an_inflation_bomb() {
    for compressor in ALL {
        let error = broken_by(move |plain| {
            // The reply, and ten megabytes more that were not announced.
            let content = [&plain[16..], &vec![0; 10_000_000]].concat();
            wrap(&plain, compressor, &compress(compressor, &content))
        });
        assert_says(&error, "does not inflate to the");
    }
}

#[test]
fn a_size_above_that_of_any_message() {
    for size in [48_000_000, i32::MAX] {
        let error = broken_by(move |plain| sized(pack(ZSTD, &plain), size));
        assert_says(&error, &format!("announces content of {size} bytes"));
    }
}

#[test]
fn a_size_that_is_none() {
    for size in [-1, 0, i32::MIN] {
        let error = broken_by(move |plain| sized(pack(ZLIB, &plain), size));
        assert_says(&error, &format!("announces content of {size} bytes"));
    }
}

#[test]
fn content_that_is_too_long_or_too_short_for_its_size() {
    for compressor in ALL {
        for by in [-1, 1] {
            let error = broken_by(move |plain| {
                let size = i32::try_from(plain.len() - 16).unwrap() + by;
                sized(pack(compressor, &plain), size)
            });
            assert_says(&error, "does not inflate to the");
        }
    }
}

#[test]
fn a_compressor_that_nobody_knows() {
    let error = broken_by(|plain| wrap(&plain, 77, &plain[16..]));
    assert_says(&error, "compressor 77, which was not offered");
}

#[test]
fn a_compressed_message_in_a_compressed_message() {
    let error = broken_by(|plain| {
        let inner = pack(SNAPPY, &plain);
        let mut outer = wrap(&inner, ZSTD, &compress(ZSTD, &inner[16..]));
        outer[16..20].copy_from_slice(&2012_i32.to_le_bytes());
        outer
    });
    assert_says(&error, "wraps opcode 2012");
}

#[test]
fn another_opcode_in_a_compressed_message() {
    let error = broken_by(|plain| {
        let mut packed = pack(SNAPPY, &plain);
        packed[16..20].copy_from_slice(&1_i32.to_le_bytes());
        packed
    });
    assert_says(&error, "wraps opcode 1,");
}

#[test]
fn compressed_bytes_that_were_cut_off() {
    for compressor in ALL {
        let error = broken_by(move |plain| {
            let whole = compress(compressor, &plain[16..]);
            wrap(&plain, compressor, &whole[..whole.len() - 3])
        });
        assert_says(&error, "does not inflate to the");
    }
}

#[test]
fn compressed_bytes_that_are_none() {
    for compressor in ALL {
        let error = broken_by(move |plain| wrap(&plain, compressor, &[0xa5; 40]));
        assert_says(&error, "does not inflate to the");
    }
}

#[test]
fn content_that_is_no_message() {
    let error = broken_by(|plain| {
        let mut bad = plain;
        bad[20] = 9;
        pack(ZLIB, &bad)
    });
    assert_says(&error, "section of kind 9");
}

#[test]
fn a_compressor_that_was_not_offered() {
    story(async {
        let list: Vec<Bson> = vec![Bson::from("snappy")];
        let server = ScriptedServer::builder().hello(Hello::primary("rs").with("compression", list)).start();
        let client = connect(&[&server], |options| options.compressors = vec![Compressor::Snappy]);
        client.ping().await;
        server.rule(Rule::on("ping").once().packed(ZLIB));
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("nobody offered zlib");
        assert_eq!(error.kind(), Kind::Protocol);
        assert_says(&error, "compressor 2, which was not offered");
        client.ping().await;
    });
}

/// The handshake is read under the same rules.
#[test]
fn a_greeting_that_is_answered_with_a_bomb() {
    story(async {
        let server = ScriptedServer::start();
        let bomb = Message::new(
            doc! { "ok": 1, "ismaster": true, "maxWireVersion": 25, "text": "x".repeat(9_000_000) },
        );
        let bytes = bomb.to_bytes(1, 1);
        server.rule(Rule::on("isMaster").raw(pack(ZSTD, &bytes)));
        let client = connect(&[&server], |options| {
            options.compressors = vec![Compressor::Zstd];
            options.dispatch.server_selection_timeout = std::time::Duration::from_millis(500);
        });
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("no server is known");
        assert_says(&error, "announces content of 9000");
    });
}
