//! The official driver, with its defaults but for the size of the pool.

use std::future::poll_fn;
use std::pin::Pin;

use anyhow::{Result, bail};
use bson::{Document, doc};
use futures_core::Stream;
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection, Database};

use super::{Driver, FILLING};
use crate::cases::{Form, Scan};
use crate::cli::ConnectArguments;
use crate::things::{DATABASE, INSERTED, Sum, THINGS, Thing};

#[derive(Clone)]
pub struct Official {
    database: Database,
    things: Collection<Document>,
    inserted: Collection<Document>,
}

impl Driver for Official {
    async fn connect(arguments: &ConnectArguments) -> Result<Self> {
        let mut options = ClientOptions::parse(&arguments.uri).await?;
        options.max_pool_size = Some(arguments.sockets);
        if arguments.min_sockets > 0 {
            options.min_pool_size = Some(arguments.min_sockets);
            options.max_connecting = Some(FILLING);
        }
        let database = Client::with_options(options)?.database(DATABASE);
        let (things, inserted) = (database.collection(THINGS), database.collection(INSERTED));
        let driver = Self { database, things, inserted };
        driver.ping().await?;
        Ok(driver)
    }

    async fn find(&self, id: i64) -> Result<()> {
        match self.things.find_one(doc! { "_id": id }).await? {
            Some(document) if document.contains_key("_id") => Ok(()),
            found => bail!("find_one gave {found:?}"),
        }
    }

    async fn insert(&self, document: &Document) -> Result<()> {
        self.inserted.insert_one(document).await?;
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }

    async fn scan(&self, scan: Scan) -> Result<Sum> {
        let collection = self.database.collection::<Thing>(scan.size.collection());
        let mut find = collection.find(doc! {});
        if let Some(size) = scan.batch {
            find = find.batch_size(size);
        }
        let mut sum = Sum::default();
        match scan.form {
            Form::Raw => {
                let mut cursor = find.await?;
                while cursor.advance().await? {
                    sum.add_raw(cursor.current())?;
                }
            }
            Form::Batch => {
                let mut batches = find.batch().await?;
                while let Some(batch) = poll_fn(|task| Pin::new(&mut batches).poll_next(task)).await {
                    let batch = batch?;
                    for document in batch.doc_slices()? {
                        let document = document?;
                        let Some(document) = document.as_document() else { bail!("no document") };
                        sum.add_raw(document)?;
                    }
                }
            }
            Form::Typed => {
                let mut cursor = find.await?;
                while cursor.advance().await? {
                    sum.add_thing(&cursor.deserialize_current()?);
                }
            }
        }
        Ok(sum)
    }
}
