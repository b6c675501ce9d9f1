//! Sessions of the caller's, by what a server sees of them. The numbers are those of the
//! prose tests of the driver sessions specification.

mod causal;
mod prose;
mod scope;
mod snapshot;
mod turns;

use std::sync::atomic::{AtomicU32, Ordering};

use actix_mongo::{ClientSession, Collection, Connection, Database};
use bson::{Bson, Document, Timestamp, doc};
use test_support::scripted::CommandRecord;
use test_support::{Rule, ScriptedServer};

use crate::support::soon;

async fn connect(server: &ScriptedServer) -> Connection {
    soon(Connection::connect(server.uri())).await.expect("the server is there")
}

fn database(connection: &Connection) -> Database {
    connection.database("d").unwrap()
}

fn things(connection: &Connection) -> Collection {
    database(connection).collection("c").unwrap()
}

fn start(connection: &Connection) -> ClientSession {
    connection.start_session().start().expect("nothing contradicts itself")
}

/// The commands of this name.
fn sent(server: &ScriptedServer, name: &str) -> Vec<Document> {
    server.log().commands_named(name).map(|command| command.body.clone()).collect()
}

/// The latest command of all.
fn latest(server: &ScriptedServer) -> CommandRecord {
    server.log().commands.iter().rfind(|command| !command.is_hello()).expect("some command").clone()
}

fn lsid(command: &Document) -> Bson {
    command.get("lsid").unwrap_or_else(|| panic!("no lsid in {command}")).clone()
}

/// The `lsid` of this session.
fn id_of(session: &ClientSession) -> Bson {
    Bson::Document(doc! { "id": session.id() })
}

fn at(time: u32) -> Timestamp {
    Timestamp { time, increment: 1 }
}

/// Has all replies carry times, which count up from 1.
fn tell_times(server: &ScriptedServer) {
    let clock = AtomicU32::new(1);
    server.rule(Rule::any().when(|it| !it.is_hello()).reply_with(move |command| {
        let now = at(clock.fetch_add(1, Ordering::Relaxed));
        let mut reply = ordinary(command);
        reply.insert("operationTime", now);
        reply.insert("$clusterTime", doc! { "clusterTime": now });
        reply
    }));
}

fn ordinary(command: &CommandRecord) -> Document {
    match command.name.as_str() {
        "find" | "aggregate" => doc! { "ok": 1, "cursor": { "id": 0_i64, "ns": "d.c", "firstBatch": [] } },
        "explode" => doc! { "ok": 0, "code": 1, "errmsg": "as the story wants it" },
        _ => doc! { "ok": 1, "n": 1, "nModified": 1 },
    }
}
