//! What the prose tests have in common: a connection whose events are kept, and scripted
//! servers that answer as fail points would.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_mongo::bson::{Document, doc};
use actix_mongo::events::Event;
use actix_mongo::{Builder, Collection, Connection, ServerKind};
use test_support::{Rule, ScriptedServer, block_on, poll_until};

use crate::support::SOON;

/// A connection, and all that it tells.
pub struct Watched {
    pub connection: Connection,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Watched {
    /// Connects, and waits until so many servers are known.
    pub fn new(builder: Builder, servers: usize) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let builder = builder.on_event(move |event| heard.lock().unwrap().push(event));
        let connection = block_on(builder.connect()).unwrap();
        poll_until(SOON, "all servers to be known", || {
            let known = |state: &actix_mongo::ServerState| state.kind != ServerKind::Unknown;
            connection.state().servers.iter().filter(|server| known(server)).count() == servers
        });
        Self { connection, told }
    }

    /// The same for one primary.
    pub fn of_primary(server: &ScriptedServer) -> Self {
        Self::new(Connection::builder().uri(format!("{}?replicaSet=rs", server.uri())).unwrap(), 1)
    }

    pub fn things(&self) -> Collection {
        self.connection.database("d").unwrap().collection("things").unwrap()
    }

    /// All so far.
    pub fn events(&self) -> Vec<Event> {
        block_on(self.connection.flush_events(SOON)).unwrap();
        self.told.lock().unwrap().clone()
    }

    /// Where commands of this name ended, and whether well.
    pub fn ends(&self, name: &str) -> Vec<(String, bool)> {
        let end = |event: &Event| match event {
            Event::CommandSucceeded(event) if &*event.command_name == name => {
                Some((event.address.to_string(), true))
            }
            Event::CommandFailed(event) if &*event.command_name == name => {
                Some((event.address.to_string(), false))
            }
            _ => None,
        };
        self.events().iter().filter_map(end).collect()
    }

    /// The commands of this name.
    pub fn started(&self, name: &str) -> Vec<Document> {
        let started = |event: &Event| match event {
            Event::CommandStarted(event) if &*event.command_name == name => {
                Some(Document::try_from(event.command.as_ref()).unwrap())
            }
            _ => None,
        };
        self.events().iter().filter_map(started).collect()
    }
}

/// What a fail point with an `errorCode` answers.
pub fn failure(code: i32, labels: &[&str]) -> Document {
    doc! { "ok": 0.0, "code": code, "errmsg": "as the story wants it", "errorLabels": labels }
}

/// Answers the first command of this name with the first of these, and so on; the last one
/// answers all that follow.
pub fn answer_in_turn(server: &ScriptedServer, name: &str, replies: Vec<Document>) {
    let next = AtomicUsize::new(0);
    server.rule(Rule::on(name).reply_with(move |_| {
        let index = next.fetch_add(1, Ordering::Relaxed).min(replies.len() - 1);
        replies[index].clone()
    }));
}
