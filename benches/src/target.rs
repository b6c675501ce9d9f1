//! What the drivers talk to: the canned server, which counts, or a real one, which is filled.

use std::time::Duration;

use anyhow::{Context, Result};
use bson::{Document, doc};
use mongodb::{Client, Database};
use tokio::runtime::Builder;

use crate::canned::counters::Seen;
use crate::cases::{Operation, Size};
use crate::child::Server;
use crate::machine;
use crate::things::{DATABASE, DOCUMENTS, INSERTED, THINGS, stored};

pub enum Target {
    Canned(Server),
    Real(Real),
}

/// Its database is ours to drop. Nothing is kept connected to it: monitors would wake up during
/// runs, or find themselves late when they were kept from it.
pub struct Real {
    uri: String,
    pid: Option<u32>,
}

impl Target {
    /// For both drivers: what both do by default is said aloud, and a server that is gone is an
    /// error of the driver before it is one of the bench.
    pub fn uri(&self) -> String {
        let uri = match self {
            Self::Canned(server) => server.uri(),
            Self::Real(real) => real.uri.clone(),
        };
        Self::with_defaults(&uri)
    }

    /// The same of any server's.
    pub fn with_defaults(uri: &str) -> String {
        let separator = if uri.contains('?') { '&' } else { '?' };
        format!("{uri}{separator}retryReads=true&retryWrites=true&serverSelectionTimeoutMS=10000")
    }

    /// Before each run, so that no driver finds what the other left.
    pub fn prepare(&self, operation: Operation) -> Result<()> {
        match self {
            Self::Real(real) if operation == Operation::Insert => real.forget_inserted(),
            _ => Ok(()),
        }
    }

    /// What it counted; nothing if it does not.
    pub fn seen(&mut self) -> Result<Option<Seen>> {
        match self {
            Self::Canned(server) => server.seen().map(Some),
            Self::Real(_) => Ok(None),
        }
    }

    /// The processor time that it used.
    pub fn cpu(&mut self) -> Result<Duration> {
        Ok(match self {
            Self::Canned(server) => Duration::from_nanos(server.seen()?.cpu_nanos),
            Self::Real(real) => real.pid.and_then(machine::process_time_of).unwrap_or_default(),
        })
    }
}

impl Real {
    /// Replaces the database by what the cases need.
    pub fn fill(uri: &str, pid: Option<u32>) -> Result<Self> {
        let real = Self { uri: uri.to_owned(), pid };
        let filled = real.with_database(async |database| {
            database.drop().await?;
            let all =
                [(THINGS, Size::Small)].into_iter().chain(Size::BOTH.map(|size| (size.collection(), size)));
            for (name, size) in all {
                let collection = database.collection::<Document>(name);
                let documents = (0..DOCUMENTS).map(|id| stored(size, id));
                collection.insert_many(documents).await?;
            }
            Ok(())
        });
        filled.with_context(|| format!("filling {uri}"))?;
        Ok(real)
    }

    fn forget_inserted(&self) -> Result<()> {
        let emptied = self.with_database(async |database| {
            let inserted = database.collection::<Document>(INSERTED);
            inserted.drop().await?;
            // A first insert that makes the collection would not be like the others.
            inserted.insert_one(doc! { "first": true }).await?;
            Ok(())
        });
        emptied.context("emptying the collection for inserts")
    }

    fn with_database(&self, work: impl AsyncFnOnce(Database) -> mongodb::error::Result<()>) -> Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let client = Client::with_uri_str(&self.uri).await?;
            work(client.database(DATABASE)).await?;
            client.shutdown().immediate(true).await;
            Ok(())
        })
    }
}
