//! The official driver, with its defaults but for the size of the pool.

use anyhow::{Result, bail};
use bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection, Database};

use super::{COLLECTION, DATABASE, Driver};
use crate::cli::RunArguments;

#[derive(Clone)]
pub struct Official {
    database: Database,
    collection: Collection<Document>,
}

impl Driver for Official {
    async fn connect(run: &RunArguments) -> Result<Self> {
        let mut options = ClientOptions::parse(&run.uri).await?;
        options.max_pool_size = Some(run.sockets);
        let database = Client::with_options(options)?.database(DATABASE);
        let collection = database.collection(COLLECTION);
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
