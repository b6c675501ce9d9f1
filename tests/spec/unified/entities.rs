//! The entities of one case, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_mongo::{ClientSession, Collection, Cursor, Database, State};
use bson::{Bson, Document, doc};
use tokio::sync;

use super::client::Client;
use super::failure::{Checked, Failure};
use super::plain::matching::Names;
use super::thread::Thread;

/// Something that a case can name. A clone is the same.
#[derive(Clone)]
pub enum Entity {
    Client(Arc<Client>),
    Database(Database),
    Collection(Collection),
    Session(ClientSession),
    Cursor(Arc<sync::Mutex<CursorEntity>>),
    Thread(Arc<Thread>),
    Topology(Arc<State>),
    Value(Bson),
}

/// A cursor, and the document that was read ahead to see whether there is one.
pub struct CursorEntity(pub Option<Cursor<Document>>);

impl Entity {
    /// What the format calls its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Database(_) => "database",
            Self::Collection(_) => "collection",
            Self::Session(_) => "session",
            Self::Cursor(_) => "cursor",
            Self::Thread(_) => "thread",
            Self::Topology(_) => "topology description",
            Self::Value(_) => "value",
        }
    }
}

/// See the module. Threads of a case share it.
#[derive(Default)]
pub struct Entities(Mutex<BTreeMap<String, Entity>>);

impl Entities {
    /// Adds one. A name is given once.
    pub fn add(&self, name: &str, entity: Entity) -> Checked {
        match self.lock().insert(name.to_owned(), entity) {
            None => Ok(()),
            Some(_) => Err(Failure::Case(format!("there are two entities '{name}'"))),
        }
    }

    pub fn get(&self, name: &str) -> Checked<Entity> {
        self.lock().get(name).cloned().ok_or_else(|| Failure::Case(format!("there is no entity '{name}'")))
    }

    pub fn client(&self, name: &str) -> Checked<Arc<Client>> {
        match self.get(name)? {
            Entity::Client(client) => Ok(client),
            other => Err(mistyped(name, &other, "client")),
        }
    }

    pub fn database(&self, name: &str) -> Checked<Database> {
        match self.get(name)? {
            Entity::Database(database) => Ok(database),
            other => Err(mistyped(name, &other, "database")),
        }
    }

    pub fn session(&self, name: &str) -> Checked<ClientSession> {
        match self.get(name)? {
            Entity::Session(session) => Ok(session),
            other => Err(mistyped(name, &other, "session")),
        }
    }

    pub fn topology(&self, name: &str) -> Checked<Arc<State>> {
        match self.get(name)? {
            Entity::Topology(state) => Ok(state),
            other => Err(mistyped(name, &other, "topology description")),
        }
    }

    pub fn thread(&self, name: &str) -> Checked<Arc<Thread>> {
        match self.get(name)? {
            Entity::Thread(thread) => Ok(thread),
            other => Err(mistyped(name, &other, "thread")),
        }
    }

    /// All clients.
    pub fn clients(&self) -> Vec<Arc<Client>> {
        let client = |entity: &Entity| match entity {
            Entity::Client(client) => Some(client.clone()),
            _ => None,
        };
        self.lock().values().filter_map(client).collect()
    }

    /// Drops all but the clients: sessions end, and cursors are closed.
    pub fn clear(&self) {
        let rest = std::mem::take(&mut *self.lock());
        drop(rest);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names for Entities {
    fn saved_value(&self, name: &str) -> Result<Bson, String> {
        match self.lock().get(name) {
            Some(Entity::Value(value)) => Ok(value.clone()),
            Some(other) => Err(format!("the entity '{name}' is a {}, not a value", other.kind())),
            None => Err(format!("there is no entity '{name}'")),
        }
    }

    fn session_id(&self, name: &str) -> Result<Bson, String> {
        match self.lock().get(name) {
            Some(Entity::Session(session)) => Ok(Bson::Document(doc! { "id": session.id() })),
            Some(other) => Err(format!("the entity '{name}' is a {}, not a session", other.kind())),
            None => Err(format!("there is no entity '{name}'")),
        }
    }
}

fn mistyped(name: &str, entity: &Entity, wanted: &str) -> Failure {
    Failure::Case(format!("the entity '{name}' is a {}, not a {wanted}", entity.kind()))
}
