//! Replies that stop in the middle, or are none. Beside the call that gets one, three wait:
//! at depth 1 for the socket, which another one takes the place of; at depth 16 they are in
//! flight behind it, and fail with it, for nobody knows whether they ran.

use std::sync::Arc;

use actix_mongo::bson::doc;
use actix_mongo::{Error, Kind};
use test_support::scripted::{Checksum, CommandRecord};
use test_support::wire::Message;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Is, Pending, SOON, Story, assert_error, assert_says, assert_sound, build_info, collection, connect, ping,
    soon, stats,
};

at_both_depths! {
    a_server_that_closes_in_place_of_a_reply,
    a_server_that_closes_in_the_middle_of_a_header,
    a_server_that_closes_in_the_middle_of_a_reply,
    a_server_that_resets_in_the_middle_of_a_reply,
    a_length_below_the_least,
    a_negative_length,
    an_oversize_reply,
    bson_with_an_unknown_type,
    bson_that_runs_past_its_message,
    bson_without_an_end,
    an_empty_body,
    the_reply_to_another_request,
    a_wrong_checksum,
    another_opcode,
    a_read_is_sent_once_more_after_its_socket_broke,
    a_write_is_not_sent_again_where_the_server_can_not_tell,
}

/// What a broken reply costs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Costs {
    /// All sockets of the pool: the server may be gone.
    Pool,
    /// The socket that it came over.
    Socket,
}

fn broken(depth: u32, kind: Kind, costs: Costs, rule: impl FnOnce(Rule) -> Rule) -> Error {
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    soon(ping(&connection)).unwrap();
    let gate = Gate::new();
    server.rule(rule(Rule::on("buildInfo").once().after(&gate)));
    let call = Pending::begin(build_info(&connection));
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    let others: Vec<_> = (0..3).map(|_| Pending::begin(ping(&connection))).collect();
    if depth > 1 {
        server.wait_for(|log| log.count("ping") == 4, SOON);
    }
    gate.open();
    let error = call.end().unwrap_err();
    // The socket's own sentence is a network error that this command is not repeated for.
    assert_error(&error, kind, &[Is::Network, Is::MayHaveRun]);
    assert_eq!(error.server(), Some(server.address().to_string().as_str()));
    for other in others {
        match (other.end(), costs) {
            (Ok(_), Costs::Socket) if depth == 1 => {}
            (Err(error), Costs::Pool) if depth == 1 => {
                assert_error(&error, Kind::PoolCleared, &[Is::Network]);
            }
            (Err(error), _) if depth > 1 => assert_error(&error, kind, &[Is::Network, Is::MayHaveRun]),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, u64::from(costs == Costs::Pool));
    assert_eq!(server.log().count("buildInfo"), 1, "it was not sent again");
    error
}

fn lost(depth: u32, rule: impl FnOnce(Rule) -> Rule) {
    let _story = Story::begin();
    broken(depth, Kind::AutoReconnect, Costs::Pool, rule);
}

fn nonsense(depth: u32, says: &str, rule: impl FnOnce(Rule) -> Rule) {
    let _story = Story::begin();
    let error = broken(depth, Kind::Protocol, Costs::Socket, rule);
    assert_says(&error, &["broke the wire protocol", says]);
}

fn a_server_that_closes_in_place_of_a_reply(depth: u32) {
    lost(depth, Rule::close);
}

fn a_server_that_closes_in_the_middle_of_a_header(depth: u32) {
    lost(depth, |rule| rule.cut_after(9).then_close());
}

fn a_server_that_closes_in_the_middle_of_a_reply(depth: u32) {
    lost(depth, |rule| rule.byte_by_byte().cut_after(30).then_close());
}

fn a_server_that_resets_in_the_middle_of_a_reply(depth: u32) {
    lost(depth, |rule| rule.cut_after(30).then_reset());
}

fn a_length_below_the_least(depth: u32) {
    nonsense(depth, "announces 5 bytes", |rule| rule.length(5));
}

fn a_negative_length(depth: u32) {
    nonsense(depth, "announces -1 bytes", |rule| rule.length(-1));
}

fn an_oversize_reply(depth: u32) {
    nonsense(depth, "announces 100000000 bytes", |rule| rule.length(100_000_000));
}

/// A reply whose bytes are damaged: the place is counted from the body's first byte.
fn damaged(depth: u32, says: &str, at: usize, byte: u8) {
    // The second request of its socket; the first was number 1.
    let mut bytes = Message::new(doc! { "ok": 1.0 }).to_bytes(7, 2);
    bytes[16 + 4 + 1 + at] = byte;
    nonsense(depth, says, |rule| rule.raw(bytes));
}

fn bson_with_an_unknown_type(depth: u32) {
    damaged(depth, "type 0x66", 4, 0x66);
}

fn bson_that_runs_past_its_message(depth: u32) {
    damaged(depth, "announces 127 bytes", 0, 0x7f);
}

fn bson_without_an_end(depth: u32) {
    damaged(depth, "instead of a zero byte", 16, 1);
}

fn an_empty_body(depth: u32) {
    let mut bytes = Message::new(doc! {}).to_bytes(7, 2);
    bytes.truncate(20);
    bytes[..4].copy_from_slice(&20_i32.to_le_bytes());
    nonsense(depth, "20 bytes", |rule| rule.raw(bytes));
}

fn the_reply_to_another_request(depth: u32) {
    nonsense(depth, "names request 999", |rule| rule.response_to(999));
}

fn a_wrong_checksum(depth: u32) {
    nonsense(depth, "checksum", |rule| rule.checksum(Checksum::Bad));
}

fn another_opcode(depth: u32) {
    nonsense(depth, "opcode 1,", |rule| rule.op_code(1));
}

fn a_read_is_sent_once_more_after_its_socket_broke(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::builder().documents([doc! { "_id": 1 }]).start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let things = collection(&connection);
    server.rule(Rule::on("find").once().cut_after(30).then_close());
    assert_eq!(soon(things.find_one(doc! {})).expect("the second attempt"), Some(doc! { "_id": 1 }));
    server.rule(Rule::on("find").times(2).cut_after(30).then_close());
    let error = soon(things.find_one(doc! {})).unwrap_err();
    assert_error(&error, Kind::AutoReconnect, &[Is::Network, Is::Retryable, Is::MayHaveRun]);
    assert_eq!(server.log().count("find"), 4);
    assert_sound(&connection, &server);
}

/// A standalone server can't tell a write from its repetition.
fn a_write_is_not_sent_again_where_the_server_can_not_tell(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let things = collection(&connection);
    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = seen.clone();
    let any_write = move |it: &CommandRecord| {
        let write = ["insert", "update", "delete"].contains(&it.name.as_str());
        count.fetch_add(usize::from(write), std::sync::atomic::Ordering::Relaxed);
        write
    };
    server.rule(Rule::any().when(any_write).cut_after(30).then_close());
    let errors = [
        soon(things.insert_one(doc! { "_id": 1 })).unwrap_err(),
        soon(things.insert_many([doc! { "_id": 1 }])).unwrap_err(),
        soon(things.update_one(doc! {}, doc! { "$set": { "a": 1 } })).unwrap_err(),
        soon(things.delete_one(doc! {})).unwrap_err(),
    ];
    for error in errors {
        assert_error(&error, Kind::AutoReconnect, &[Is::Network, Is::MayHaveRun]);
    }
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 4);
    assert_sound(&connection, &server);
}
