//! actix-mongo, with its defaults but for the size of the pool, the pipeline depth, and a
//! deadline on every operation. The official driver has no such deadline: what ours costs is in
//! our figures.

use std::time::Duration;

use actix::Arbiter;
use actix_mongo::{Collection, Connection, Database};
use anyhow::{Result, bail};
use bson::{Document, doc};

use super::{COLLECTION, DATABASE, Driver};
use crate::cases::HostKind;
use crate::cli::RunArguments;

#[derive(Clone)]
pub struct Ours {
    database: Database,
    collection: Collection<Document>,
}

impl Driver for Ours {
    async fn connect(run: &RunArguments) -> Result<Self> {
        let mut builder = Connection::builder()
            .uri(&run.uri)?
            .max_pool_size(run.sockets)
            .pipeline_depth(run.depth)
            .timeout(DEADLINE);
        if run.host == HostKind::Arbiter {
            // Equal threads: the official driver lives on the host's one arbiter, too.
            builder = builder.lend_arbiters([Arbiter::current()]);
        }
        let connection = builder.connect().await?;
        let database = connection.database(DATABASE)?;
        let collection = database.collection(COLLECTION)?;
        let driver = Self { database, collection };
        driver.ping().await?;
        Ok(driver)
    }

    async fn find(&self, id: i64) -> Result<()> {
        match self.collection.find_one(doc! { "_id": id }).await? {
            Some(document) if document.contains_key("_id") => Ok(()),
            found => bail!("find_one gave {found:?}"),
        }
    }

    async fn insert(&self, document: &Document) -> Result<()> {
        self.collection.insert_one(document).await?;
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }
}

const DEADLINE: Duration = Duration::from_secs(30);
