//! actix-mongo, with its defaults but for the size of the pool, the pipeline depth, and a
//! deadline on every operation. The official driver has no such deadline: what ours costs is in
//! our figures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Arbiter;
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{Collection, Connection, Database};
use anyhow::{Result, bail};
use bson::{Document, doc};
use tracing::level_filters::LevelFilter;

use super::{Driver, FILLING, subscriber};
use crate::cases::{Form, HostKind, Scan};
use crate::cli::{ConnectArguments, DriverKind};
use crate::things::{DATABASE, INSERTED, Sum, THINGS, Thing};

#[derive(Clone)]
pub struct Ours {
    database: Database,
    things: Collection<Document>,
    inserted: Collection<Document>,
}

impl Driver for Ours {
    async fn connect(arguments: &ConnectArguments) -> Result<Self> {
        let mut builder = Connection::builder()
            .uri(&arguments.uri)?
            .max_pool_size(arguments.sockets)
            .min_pool_size(arguments.min_sockets)
            .pipeline_depth(arguments.depth)
            .timeout(DEADLINE);
        if arguments.min_sockets > 0 {
            builder = builder.max_connecting(FILLING);
        }
        if arguments.host == HostKind::Arbiter {
            // Equal threads: the official driver lives on the host's one arbiter, too.
            builder = builder.lend_arbiters([Arbiter::current()]);
        }
        match arguments.driver {
            DriverKind::Listened => builder = builder.on_event(counting()),
            DriverKind::Commands => builder = builder.on_events(EventKinds::COMMANDS, counting()),
            DriverKind::Off => subscriber::set(LevelFilter::OFF, true)?,
            DriverKind::Info => subscriber::set(LevelFilter::INFO, true)?,
            DriverKind::Elsewhere => subscriber::set(LevelFilter::DEBUG, false)?,
            DriverKind::Ours | DriverKind::Official => {}
        }
        let connection = builder.connect().await?;
        let database = connection.database(DATABASE)?;
        let (things, inserted) = (database.collection(THINGS)?, database.collection(INSERTED)?);
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
        let collection = self.database.collection(scan.size.collection())?;
        let mut find = collection.find(doc! {}).of::<Thing>();
        if let Some(size) = scan.batch {
            find = find.batch_size(size);
        }
        let mut cursor = find.await?;
        let mut sum = Sum::default();
        match scan.form {
            Form::Raw | Form::Batch => {
                while let Some(batch) = cursor.next_batch().await? {
                    for document in batch {
                        sum.add_raw(document?)?;
                    }
                }
            }
            Form::Typed => {
                while let Some(thing) = cursor.try_next().await? {
                    sum.add_thing(&thing);
                }
            }
        }
        Ok(sum)
    }
}

/// A listener that counts.
fn counting() -> impl Fn(Event) + Send + Sync + 'static {
    let heard = AtomicU64::new(0);
    move |event| {
        std::hint::black_box(event);
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

const DEADLINE: Duration = Duration::from_secs(30);
