//! A scripted server, and what calls have sent to it.

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Collection, Connection, Database};
use test_support::{Hello, Rule, ScriptedServer, block_on};

/// The primary of a set, and a connection to it.
pub struct Stage {
    pub connection: Connection,
    pub database: Database,
    pub things: Collection,
    pub server: ScriptedServer,
}

/// Asks for no answer.
const MORE_TO_COME: u32 = 2;

impl Stage {
    /// A server of the newest release.
    pub fn new() -> Self {
        Self::of_wire_version(27)
    }

    pub fn of_wire_version(version: i32) -> Self {
        let hello = Hello::primary("rs").with("maxWireVersion", version);
        let server = ScriptedServer::builder().hello(hello).start();
        let replies = [
            ("findAndModify", doc! { "value": null, "ok": 1.0 }),
            ("distinct", doc! { "values": [], "ok": 1.0 }),
            ("count", doc! { "n": 0, "ok": 1.0 }),
            ("explain", doc! { "queryPlanner": {}, "ok": 1.0 }),
        ];
        for (name, reply) in replies {
            server.rule(Rule::on(name).when(|it| it.flags & MORE_TO_COME == 0).reply(reply));
        }
        let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", server.uri()))).unwrap();
        let database = connection.database("d").unwrap();
        let things = database.collection("things").unwrap();
        Self { connection, database, things, server }
    }

    /// Runs a call, and gives what it sent last under this name.
    #[track_caller]
    pub fn sent<T>(&self, name: &str, call: impl IntoFuture<Output = actix_mongo::Result<T>>) -> Document {
        let before = self.server.log().count(name);
        block_on(call.into_future()).map(drop).unwrap_or_else(|error| panic!("{name}: {error}"));
        // A command without an answer is on its way when its call ends.
        self.server.wait_for(|log| log.count(name) > before, crate::support::SOON);
        let log = self.server.log();
        log.commands_named(name).last().unwrap().body.clone()
    }
}

/// What stands at a path such as `updates.0.hint`.
pub fn at(command: &Document, path: &str) -> Option<Bson> {
    let mut place = Bson::Document(command.clone());
    for step in path.split('.') {
        place = match place {
            Bson::Document(mut document) => document.remove(step)?,
            Bson::Array(list) => list.get(step.parse::<usize>().ok()?)?.clone(),
            _ => return None,
        };
    }
    Some(place)
}
