//! A scripted server that takes all commands for databases, collections and indexes.

use actix_mongo::bson::{Document, doc};
use actix_mongo::operations::Running;
use actix_mongo::{Collection, Connection, Database};
use test_support::{Hello, Rule, ScriptedServer, block_on};

/// A scripted server, and a connection to it.
pub struct Scene {
    pub server: ScriptedServer,
    pub connection: Connection,
}

/// A primary of this wire version that takes every command of these stories.
pub fn scene_of(wire_version: i32) -> Scene {
    let hello = Hello::primary("rs").with("maxWireVersion", wire_version);
    let server = ScriptedServer::builder().hello(hello).start();
    let cursor = doc! { "id": 0_i64, "ns": "d.c", "firstBatch": [] };
    for listing in ["listCollections", "listIndexes"] {
        server.rule(Rule::on(listing).reply(doc! { "cursor": cursor.clone(), "ok": 1 }));
    }
    server.rule(Rule::on("listDatabases").reply(doc! { "databases": [{ "name": "a" }], "ok": 1 }));
    let made = doc! { "indexesCreated": [{ "id": "1", "name": "one" }], "ok": 1 };
    server.rule(Rule::on("createSearchIndexes").reply(made));
    for plain in [
        "create",
        "collMod",
        "drop",
        "dropDatabase",
        "renameCollection",
        "createIndexes",
        "dropIndexes",
        "updateSearchIndex",
        "dropSearchIndex",
    ] {
        server.rule(Rule::on(plain).reply(doc! { "ok": 1 }));
    }
    let uri = format!("{}?replicaSet=rs", server.uri());
    let connection = block_on(Connection::connect(uri)).unwrap();
    Scene { server, connection }
}

pub fn scene() -> Scene {
    scene_of(27)
}

impl Scene {
    pub fn database(&self) -> Database {
        self.connection.database("d").unwrap()
    }

    pub fn collection(&self) -> Collection {
        self.database().collection("c").unwrap()
    }

    /// Runs a call, and gives the command that it sent, without what every command has.
    #[track_caller]
    pub fn sent<T>(&self, call: Running<T>) -> Document {
        let before = self.server.log().commands.len();
        if let Err(error) = block_on(call) {
            panic!("{error:?}");
        }
        let log = self.server.log();
        let mut own = log.commands[before..].iter().filter(|command| !command.is_hello());
        let mut body = own.next().expect("something was sent").body.clone();
        assert!(own.next().is_none(), "one command");
        assert!(body.remove("lsid").is_some(), "an implicit session");
        body.remove("$clusterTime");
        body
    }

    /// How many commands it has seen that were not the client's own affair.
    pub fn seen(&self) -> usize {
        self.server.log().commands.iter().filter(|command| !command.is_hello()).count()
    }
}
