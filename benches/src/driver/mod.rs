//! What a driver is to the load: connect, then a few operations. Monomorphic, so that neither
//! driver pays for the other's shape.

pub mod official;
#[cfg(feature = "ours")]
pub mod ours;
#[cfg(feature = "ours")]
mod subscriber;

use std::future::Future;

use anyhow::{Result, bail};
use bson::Document;

use crate::cases::{Operation, Scan};
use crate::cli::ConnectArguments;
use crate::things::{DOCUMENTS, Sum};

pub trait Driver: Clone + Send + Sync + 'static {
    /// Connects, from inside the host, with the pool's limits, and comes back when a first
    /// command has been answered.
    fn connect(arguments: &ConnectArguments) -> impl Future<Output = Result<Self>> + Send;

    /// One document by `_id`, decoded; an error if there is none.
    fn find(&self, id: i64) -> impl Future<Output = Result<()>> + Send;

    /// One document that has no `_id` yet.
    fn insert(&self, document: &Document) -> impl Future<Output = Result<()>> + Send;

    fn ping(&self) -> impl Future<Output = Result<()>> + Send;

    /// One of these. `id` says which document, `new` is what an insert inserts.
    fn one(&self, operation: Operation, id: i64, new: &Document) -> impl Future<Output = Result<()>> + Send {
        async move {
            match operation {
                Operation::Find => self.find(id % DOCUMENTS).await,
                Operation::Insert => self.insert(new).await,
                Operation::Ping => self.ping().await,
                Operation::Scan(_) => bail!("a scan is measured by itself"),
            }
        }
    }

    /// All documents of a collection, in the way that its author would advise for the form.
    fn scan(&self, scan: Scan) -> impl Future<Output = Result<Sum>> + Send;
}

/// How many sockets a pool that fills itself opens at a time. The official driver would take
/// minutes for a thousand with the default of two.
const FILLING: u32 = 100;
