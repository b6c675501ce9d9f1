//! What all operations of one case share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_mongo::ClientSession;
use bson::{Bson, Document, doc};

use super::client::Client;
use super::entities::{Entities, Entity};
use super::failure::{Checked, Failure};
use super::options::scoped;
use super::plain::matching::{Matcher, Names};
use super::servers::Server;
use super::stand_in::StandIn;
use super::thread::Thread;

/// How long something may take that a case waits for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub struct World {
    /// Itself, for its threads.
    pub me: Weak<Self>,
    pub server: Arc<Server>,
    pub entities: Entities,
    /// Clients look at their servers as often as may be.
    quick: bool,
    fail_points: Mutex<Vec<String>>,
    /// In front of the server, if the case needs it.
    stand_in: Option<StandIn>,
}

impl World {
    /// For a case with this text.
    pub fn new(server: &Arc<Server>, case: &str) -> Checked<Arc<Self>> {
        let stand_in = StandIn::is_needed_by(case).then(|| StandIn::start(server)).transpose();
        let stand_in = stand_in.map_err(Failure::Surroundings)?;
        let (entities, fail_points) = (Entities::default(), Mutex::default());
        let (server, quick) = (server.clone(), case.contains("configureFailPoint"));
        Ok(Arc::new_cyclic(|me| Self { me: me.clone(), server, entities, quick, fail_points, stand_in }))
    }

    /// Where clients connect to.
    fn address(&self) -> SocketAddr {
        self.stand_in.as_ref().map_or_else(|| self.server.address(), StandIn::address)
    }

    pub fn matcher(&self) -> Matcher<'_> {
        Matcher::new(&self.entities)
    }

    /// Makes the entities of a list, in their order.
    pub fn create(&self, list: &[Bson]) -> Checked {
        for entity in list.iter().filter_map(Bson::as_document) {
            let Some((kind, Bson::Document(of))) = entity.iter().next() else {
                return Err(Failure::Case(format!("not an entity: {entity}")));
            };
            let name = text(of, "id")?;
            let created = self.make(kind, of).map_err(|failure| failure.at(format!("entity '{name}'")))?;
            self.entities.add(name, created)?;
        }
        Ok(())
    }

    fn make(&self, kind: &str, of: &Document) -> Checked<Entity> {
        match kind {
            "client" => {
                let client = Client::create(of, &self.server, self.address(), self.quick)?;
                Ok(Entity::Client(client.into()))
            }
            "database" => {
                let client = self.entities.client(text(of, "client")?)?;
                let database = client.connection.database(text(of, "databaseName")?)?;
                Ok(Entity::Database(scoped!(database, of, "databaseOptions")))
            }
            "collection" => {
                let database = self.entities.database(text(of, "database")?)?;
                let collection = database.collection(text(of, "collectionName")?)?;
                Ok(Entity::Collection(scoped!(collection, of, "collectionOptions")))
            }
            "session" => {
                let client = self.entities.client(text(of, "client")?)?;
                let options = of.get_document("sessionOptions").cloned().unwrap_or_default();
                Ok(Entity::Session(self.session(&client, &options)?))
            }
            "bucket" => {
                self.entities.database(text(of, "database")?)?;
                Err(Failure::Later("GridFS"))
            }
            "clientEncryption" => Err(Failure::NotBuilt("client-side encryption".to_owned())),
            "thread" => Ok(Entity::Thread(Thread::start(&self.me)?.into())),
            other => Err(Failure::Case(format!("an entity that the runner does not know: {other}"))),
        }
    }

    fn session(&self, client: &Client, options: &Document) -> Checked<ClientSession> {
        let mut session = client.connection.start_session();
        for (option, value) in options {
            session = match (option.as_str(), value) {
                ("causalConsistency", Bson::Boolean(consistent)) => session.causal_consistency(*consistent),
                ("snapshot", Bson::Boolean(snapshot)) => session.snapshot(*snapshot),
                ("snapshotTime", Bson::String(name)) => match self.entities.saved_value(name)? {
                    Bson::Timestamp(time) => session.snapshot_time(time),
                    other => return Err(Failure::Case(format!("a snapshot time that is {other}"))),
                },
                ("defaultTransactionOptions", _) => return Err(Failure::Later("transactions")),
                _ => return Err(Failure::NotBuilt(format!("{option} of a session"))),
            };
        }
        Ok(session.start()?)
    }

    /// To be turned off when the case is over.
    pub fn remember_fail_point(&self, name: &str) {
        self.fail_points.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    }

    pub fn turn_fail_points_off(&self) -> Checked {
        let names = std::mem::take(&mut *self.fail_points.lock().unwrap_or_else(PoisonError::into_inner));
        for name in names {
            let off = doc! { "configureFailPoint": name, "mode": "off" };
            self.server.run("admin", off).map_err(Failure::Surroundings)?;
        }
        Ok(())
    }
}

/// A field that the schema has seen to.
pub fn text<'a>(of: &'a Document, key: &str) -> Checked<&'a str> {
    of.get_str(key).map_err(|error| Failure::Case(error.to_string()))
}
