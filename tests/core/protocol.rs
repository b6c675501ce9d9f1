//! Servers that break the wire protocol: it costs the socket it came over, nothing else.

use actix_mongo::{Error, Kind};
use bson::doc;
use test_support::scripted::{Checksum, End};
use test_support::wire::Message;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{SOON, command, connect, soon, story};

/// One reply in two sockets' life breaks the protocol. The error of that call comes back;
/// all else must go on as if nothing had happened.
fn broken_by(rule: impl FnOnce(Rule) -> Rule) -> Error {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
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
        server.rule(rule(Rule::on("ping").once()));
        let error = soon(client.run(command(doc! { "ping": 1 }))).await.expect_err("the reply was broken");
        assert_eq!(error.kind(), Kind::Protocol, "{error:?}");
        assert!(error.may_have_run());
        assert_eq!(error.server(), Some(server.address().to_string().as_str()));

        let broken = server.log().commands_named("ping").next().unwrap().connection;
        // A socket that is closed with unread bytes is reset.
        server.until(|log| log.connections[broken - 1].end.is_some(), SOON).await;
        assert_ne!(server.log().connections[broken - 1].end, Some(End::ByServer));
        client.ping().await;
        let log = server.log();
        assert_eq!(log.used_connections().len(), 2, "the other socket is sound");
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
        error
    })
}

#[track_caller]
fn assert_says(error: &Error, what: &str) {
    assert!(error.to_string().contains(what), "{error}");
}

#[test]
fn a_length_below_the_least() {
    assert_says(&broken_by(|rule| rule.length(5)), "announces 5 bytes");
}

#[test]
fn a_negative_length() {
    assert_says(&broken_by(|rule| rule.length(-1)), "announces -1 bytes");
}

#[test]
fn a_length_above_the_most() {
    assert_says(&broken_by(|rule| rule.length(60_000_000)), "announces 60000000 bytes");
}

#[test]
fn another_opcode() {
    assert_says(&broken_by(|rule| rule.op_code(1)), "opcode 1");
}

#[test]
fn compression_that_was_not_agreed_on() {
    assert_says(&broken_by(|rule| rule.op_code(2012)), "compressed");
}

#[test]
fn the_reply_to_another_request() {
    assert_says(&broken_by(|rule| rule.response_to(999)), "names request 999");
}

#[test]
fn a_document_with_an_element_of_no_type() {
    // The second request on its socket: the first was number 1.
    let mut bytes = Message::new(doc! { "ok": 1.0 }).to_bytes(7, 2);
    bytes[16 + 4 + 1 + 4] = 0x66;
    assert_says(&broken_by(|rule| rule.raw(bytes)), "type 0x66");
}

#[test]
fn a_document_that_is_longer_than_its_message() {
    let mut bytes = Message::new(doc! { "ok": 1.0 }).to_bytes(7, 2);
    bytes[16 + 4 + 1] = 0x7f;
    broken_by(|rule| rule.raw(bytes));
}

#[test]
fn a_wrong_checksum() {
    assert_says(&broken_by(|rule| rule.checksum(Checksum::Bad)), "checksum");
}

#[test]
fn more_to_come_where_nobody_asked_for_it() {
    assert_says(&broken_by(Rule::more_to_come), "moreToCome");
}

#[test]
fn an_unknown_required_flag() {
    assert_says(&broken_by(|rule| rule.flags(1 << 5)), "required flag bits");
}

#[test]
fn what_the_protocol_allows_is_taken() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        client.ping().await;
        server.rule(Rule::on("ping").once().checksum(Checksum::Good));
        client.ping().await;
        server.rule(Rule::on("ping").once().byte_by_byte().checksum(Checksum::Good));
        client.ping().await;
        // Optional flags have no meaning here.
        server.rule(Rule::on("ping").once().flags(1 << 20));
        client.ping().await;
        server.rule(Rule::on("ping").once().sequence("more", vec![doc! { "a": 1 }]));
        client.ping().await;
        assert_eq!(server.log().used_connections().len(), 1);
    });
}

/// Bytes that nobody asked for, on an idle socket.
#[test]
fn a_message_without_a_request() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let reply = Message::new(doc! { "ok": 1.0 });
        let twice = [reply.to_bytes(1, 1), reply.to_bytes(2, 1)].concat();
        server.rule(Rule::on("ping").once().raw(twice));
        client.ping().await;
        let first = server.log().used_connections()[0];
        server.until(|log| log.connections[first - 1].end.is_some(), SOON).await;
        client.ping().await;
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
    });
}
