//! The copy itself, step by step. Every wait in it is a command with a limit, so that the whole
//! ends by its deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bson::{Document, RawDocumentBuf, doc};

use super::commands::{Call, Manner, index_of};
use super::lanes::{Job, Lanes, both};
use super::ledger::Ledger;
use super::load::Load;
use super::plan::{Filter, Item, Plan};
use super::source::is_same;
use super::{CopySource, ExistingTarget, NAME, SAME};
use crate::collection::Collection;
use crate::cursor::Cursor;
use crate::database::{CollectionSpecification, Database};
use crate::dispatch::Handle;
use crate::error::{Error, Kind, Result};
use crate::pool::Namespace;

/// A copy as it was asked for.
pub struct Order {
    pub target: Handle,
    /// None is the target's own connection.
    pub source: Option<CopySource>,
    pub from: Arc<str>,
    pub to: Arc<str>,
    pub existing: ExistingTarget,
    pub filter: Filter,
    pub limits: Limits,
    /// A document of this one element.
    pub comment: Option<RawDocumentBuf>,
    /// For the whole.
    pub timeout: Option<Duration>,
}

/// How much at a time, and what beside documents.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub parallelism: usize,
    /// Documents.
    pub batch_size: u32,
    pub batch_bytes: usize,
    pub indexes: bool,
    /// None depends on the collection.
    pub bypass: Option<bool>,
}

impl Default for Limits {
    /// Four collections keep a server with a few cores busy; the batches of small documents are
    /// then some hundred kilobytes, and the largest what servers send at most.
    fn default() -> Self {
        Self { parallelism: 4, batch_size: 2000, batch_bytes: 16 * 1024 * 1024, indexes: true, bypass: None }
    }
}

/// Copies, and writes down in the ledger what is done.
pub async fn run(order: Order, ledger: Ledger) -> Result<()> {
    let now = Instant::now();
    ledger.begin(now);
    // A limit beyond what the clock can tell is none.
    let deadline = order.timeout.and_then(|limit| now.checked_add(limit));
    let Order { target, source, from, to, existing, filter, limits, comment, .. } = order;
    let source = match source {
        None => target.clone(),
        Some(source) => source.open(&target, deadline).await.map_err(|error| error.with_operation(NAME))?,
    };
    let work = Arc::new(Work { source, target, from, to, limits, comment, deadline, ledger });
    let plan = work.prepare(existing, &filter).await?;
    let items: Vec<Arc<Item>> = plan.collections.into_iter().map(Arc::new).collect();
    work.side_by_side(&items, |work, _, item| Box::pin(async move { work.make(&item).await })).await?;
    work.side_by_side(&items, |work, index, item| Box::pin(async move { work.fill(index, &item).await }))
        .await?;
    for view in plan.views {
        work.to_target().create(&work.to, view.name.clone(), view.options).await?;
        work.ledger.viewed(&view.name);
    }
    Ok(())
}

struct Work {
    source: Handle,
    target: Handle,
    from: Arc<str>,
    to: Arc<str>,
    limits: Limits,
    comment: Option<RawDocumentBuf>,
    deadline: Option<Instant>,
    ledger: Ledger,
}

/// Sets the comment of a verb, if there is one.
macro_rules! commented {
    ($work:ident, $verb:expr) => {
        match $work.comment.as_ref().and_then(|field| field.get("comment").ok().flatten()) {
            Some(comment) => $verb.comment(comment),
            None => $verb,
        }
    };
}

impl Work {
    /// Asks both sides what they have, and makes room in the target.
    async fn prepare(&self, existing: ExistingTarget, filter: &Filter) -> Result<Plan> {
        let source = self.list(&self.source, &self.from).await?;
        let target = self.list(&self.target, &self.to).await?;
        if self.from == self.to {
            self.refuse_itself().await?;
        }
        let plan = Plan::new((&self.from, &self.to), source, &target, existing, filter)
            .map_err(|error| error.with_operation(NAME))?;
        if existing == ExistingTarget::Drop && !target.is_empty() {
            let database = Database::<Document>::new(self.target.clone(), &self.to)?;
            commented!(self, database.drop()).timeout(self.left(&self.target)).await?;
        }
        self.ledger.plan(plan.collections.iter().map(|item| item.name.as_str()), plan.skipped.clone());
        Ok(plan)
    }

    async fn list(&self, handle: &Handle, name: &str) -> Result<Vec<CollectionSpecification>> {
        let database = Database::<Document>::new(handle.clone(), name)?;
        let listing = commented!(self, database.list_collections());
        let mut cursor = listing.timeout(self.left(handle)).await?;
        cursor.limit(self.until(handle));
        cursor.collect_all().await
    }

    /// By now both connections have spoken with their servers.
    async fn refuse_itself(&self) -> Result<()> {
        let same = match is_same(&self.source, &self.target) {
            Some(same) => same,
            None => self.cluster_of(&self.source).await? == self.cluster_of(&self.target).await?,
        };
        if same { Err(Error::new(Kind::InvalidArgument, SAME).with_operation(NAME)) } else { Ok(()) }
    }

    /// What routers of one cluster have in common.
    async fn cluster_of(&self, handle: &Handle) -> Result<Option<Document>> {
        let versions = Database::<Document>::new(handle.clone(), "config")?.collection("version")?;
        let only_id = doc! { "_id": 0, "clusterId": 1 };
        let find = commented!(self, versions.find_one(doc! {}).projection(only_id));
        find.timeout(self.left(handle)).await
    }

    async fn side_by_side(
        self: &Arc<Self>,
        items: &[Arc<Item>],
        job: impl Fn(Arc<Self>, usize, Arc<Item>) -> Job + Unpin,
    ) -> Result<()> {
        let jobs = items.iter().enumerate().map(|(index, item)| job(self.clone(), index, item.clone()));
        Lanes::new(jobs, self.limits.parallelism, &self.ledger).await
    }

    /// The collection itself, unless it is there, and how much will come.
    async fn make(&self, item: &Item) -> Result<()> {
        let count = commented!(self, self.source_of::<Document>(item).estimated_document_count());
        self.ledger.expect(count.timeout(self.left(&self.source)).await?);
        if !item.exists {
            self.to_target().create(&self.to, item.name.clone(), item.options.clone()).await?;
        }
        Ok(())
    }

    /// Its documents, and then its indexes: an index is made in one go faster than with each
    /// document.
    async fn fill(&self, index: usize, item: &Item) -> Result<()> {
        self.ledger.started(index, Instant::now());
        let collection = self.source_of::<RawDocumentBuf>(item);
        let namespace = Namespace { database: self.to.clone(), collection: item.name.as_str().into() };
        let namespace = Arc::new(namespace);
        let find = commented!(self, collection.find(doc! {})).batch_size(self.limits.batch_size);
        let mut cursor = find.timeout(self.left(&self.source)).await?;
        let mut next = self.read(&mut cursor).await?;
        while let Some(load) = next {
            // The next batch is on its way while this one is written.
            let written = self.write(index, item, &namespace, Arc::new(load));
            (_, next) = both(written, self.read(&mut cursor)).await?;
        }
        if self.limits.indexes {
            let listing = commented!(self, collection.list_indexes().of::<RawDocumentBuf>());
            let mut listed = listing.timeout(self.left(&self.source)).await?;
            listed.limit(self.until(&self.source));
            let indexes = listed.collect_all().await?;
            let indexes: Result<Vec<_>, _> = indexes.iter().filter_map(|listed| index_of(listed)).collect();
            let indexes = indexes.map_err(|error| Error::new(Kind::Decode, format!("an index: {error}")))?;
            let count = indexes.len() as u64;
            if count > 0 {
                self.to_target().create_indexes(&namespace, indexes).await?;
                self.ledger.indexed(index, count);
            }
        }
        self.ledger.completed(index, Instant::now());
        Ok(())
    }

    /// By the name that the source has listed: servers take some that callers may not use.
    fn source_of<T>(&self, item: &Item) -> Collection<T> {
        Collection::new(self.source.clone(), self.from.clone(), &item.name)
    }

    /// The next batch, apart from its cursor.
    async fn read(&self, cursor: &mut Cursor<RawDocumentBuf>) -> Result<Option<Load>> {
        cursor.limit(self.until(&self.source));
        let Some(batch) = cursor.next_batch().await? else { return Ok(None) };
        let mut load = Load::default();
        for document in batch.iter() {
            load.push(document?);
        }
        Ok(Some(load))
    }

    async fn write(
        &self,
        index: usize,
        item: &Item,
        namespace: &Arc<Namespace>,
        load: Arc<Load>,
    ) -> Result<()> {
        let bypass = self.limits.bypass.unwrap_or(item.is_validated && !item.exists);
        // Measurements have no order, and servers bundle those that need none.
        let manner = Manner { ordered: !item.is_timeseries, bypass, most: self.limits.batch_bytes };
        let mut from = 0;
        while from < load.len() {
            let Some(_insertion) = self.ledger.insertion() else { return Err(stopped()) };
            let end = Arc::new(AtomicUsize::new(from));
            let inserted = self.to_target().insert(namespace, &load, from, manner, &end).await;
            let message = from..end.load(Ordering::Relaxed);
            match inserted {
                Ok(count) => {
                    let bytes = load.bytes(message.clone()).len() as u64;
                    self.ledger.inserted(index, count, bytes);
                }
                Err(error) => {
                    if let Some(failure) = error.write_failure() {
                        let bytes = load.inserted_bytes(message, failure);
                        self.ledger.inserted(index, failure.completed, bytes);
                    }
                    return Err(error);
                }
            }
            from = message.end.max(from + 1);
        }
        Ok(())
    }

    fn to_target(&self) -> Call {
        let (handle, comment) = (self.target.clone(), self.comment.clone());
        Call { limit: self.left(&handle), handle, comment }
    }

    /// What one command may take: as much as its handle allows, and as is left of the whole.
    /// Zero is no limit.
    fn left(&self, handle: &Handle) -> Duration {
        let left = |until: Instant| until.saturating_duration_since(Instant::now()).max(LEAST);
        self.until(handle).map_or(Duration::ZERO, left)
    }

    /// The same as a time.
    fn until(&self, handle: &Handle) -> Option<Instant> {
        let each = handle.scope().timeout.filter(|limit| !limit.is_zero());
        let each = each.and_then(|limit| Instant::now().checked_add(limit));
        [each, self.deadline].into_iter().flatten().min()
    }
}

/// So that a limit that is used up does not become none.
const LEAST: Duration = Duration::from_nanos(1);

/// The end of a lane because another one failed. Nobody gets to see it.
fn stopped() -> Error {
    Error::new(Kind::Closed, "another collection's copy failed").with_operation(NAME)
}
