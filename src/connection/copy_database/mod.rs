//! Copying a database, document by document: servers have no command for it any more. The
//! builder and what it promises; [`work`] does it, [`lanes`] several collections at a time,
//! and [`ledger`] says how far it is. All of it runs inside the caller's future.

mod commands;
mod copying;
mod lanes;
mod ledger;
mod load;
mod plan;
mod source;
mod work;

use std::future::ready;
use std::sync::Arc;

pub use copying::Copying;
pub use ledger::CopyProgress;
pub use source::CopySource;

use self::ledger::Ledger;
use self::plan::Filter;
use self::work::{Limits, Order};
use super::Connection;
use crate::auth::Credential;
use crate::collection::{Draft, Running, concerns, options, verb};
use crate::command::name;
use crate::dispatch::Handle;
use crate::error::CopyReport;

impl<D> Connection<D> {
    /// Copies a database to another name, or from another host: collections with their options
    /// and indexes, documents, views. What is copied, and how, is told by [`CopyDatabase`].
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// use actix_mongo::Credential;
    ///
    /// let report = connection.copy_database("hotel", "hotel_copy").await?;
    /// println!("{report}");
    /// let report = connection
    ///     .copy_database("hotel", "hotel_of_others")
    ///     .from_host("db.example:27018")
    ///     .credential(Credential::new("reader", "secret"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn copy_database(&self, from: &str, to: &str) -> CopyDatabase {
        CopyDatabase::new(&self.handle, from, to)
    }
}

/// What becomes of a target that has collections or views already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExistingTarget {
    /// The copy is refused, and nothing is changed.
    #[default]
    Refuse,
    /// It is dropped with all that is in it, once the source was asked and is there.
    Drop,
    /// The source's collections join it. Collections that it has keep their options and
    /// documents, and get what indexes they lack. A document whose `_id`, or other unique key,
    /// is there already ends the copy ([`is_duplicate_key`](crate::Error::is_duplicate_key)).
    /// A view that it has must be the source's, and a collection must be no view or time
    /// series; else the copy is refused.
    Merge,
}

/// Copies a database; see [`Connection::copy_database`].
///
/// Awaiting it copies and gives the [`CopyReport`]; [`progress`](Self::progress) gives a
/// [`Copying`] that also tells how far it is. Both do all their work inside the caller's
/// future, need no runtime, and may be dropped at any time: then cursors are killed, nothing
/// goes on, and the target keeps what it has.
///
/// **What is copied**: collections with the options that the server lists (capped, clustered,
/// time series, rules, collation and so on), all their indexes, and views, each behind those
/// that it is a view of. Documents travel as the bytes they are, and arrive in the order in
/// which the source gives them, which for capped collections is that of insertion. All of
/// `system.*` is left to the server, but for the functions in `system.js`
/// ([`CopyReport::skipped`]); users and roles are no part of a database's collections, and how a collection is sharded is
/// none of its options.
///
/// **In what order**: all collections are made; then each gets its documents and after them
/// its indexes, [several](Self::parallelism) at a time; then views. No snapshot is taken: what
/// is written to the source in the meantime may be in the copy or not, and a collection that is
/// dropped there ends the copy with the server's error.
///
/// **From where**: this connection, with the handle's read preference and read concern, or
/// [another host](Self::from_host). Writes have the handle's write concern, and what the target
/// acknowledges by that counts as copied: for a target whose power may fail, one with `j: true`.
///
/// **Time**: [`timeout`](Self::timeout) is for the copy as a whole, default none. The handle's
/// own timeout, meant for single calls, holds for each command of the copy and each batch.
///
/// **Memory**: at most some 4 batches for each of the collections under way, where a batch is
/// [`batch_size`](Self::batch_size) documents and at most 16 MiB (the server's limit).
///
/// # Errors
/// - [`Kind::InvalidName`](crate::Kind::InvalidName): no database can have one of the names.
/// - [`Kind::InvalidArgument`](crate::Kind::InvalidArgument): source and target are one
///   database; the source has no collections, or not those of [`include`](Self::include);
///   options out of their range; a write concern without an answer (`w: 0`).
/// - [`Kind::AlreadyExists`](crate::Kind::AlreadyExists): see [`ExistingTarget`].
/// - Those of connecting to the other host, and of each command. A document that the target
///   refuses is a [`Kind::Write`](crate::Kind::Write) with a
///   [`write_failure`](crate::Error::write_failure), one larger than it takes a
///   [`Kind::TooLarge`](crate::Kind::TooLarge).
///
/// The first failure ends the copy. Insertions that were sent are waited for, and
/// [`Error::copy_report`](crate::Error::copy_report) says what the target has by then; nothing
/// is undone. A read that breaks off is not taken up again.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CopyDatabase {
    draft: Draft,
    from: Arc<str>,
    to: Arc<str>,
    source: Option<CopySource>,
    credential: Option<Credential>,
    existing: ExistingTarget,
    filter: Filter,
    limits: Limits,
}

options! { CopyDatabase {} shared comment }

verb!(CopyDatabase -> CopyReport);
concerns!(writes CopyDatabase);

impl CopyDatabase {
    fn new(handle: &Handle, from: &str, to: &str) -> Self {
        let mut draft = Draft::new(handle);
        draft.keep(name::check_database(from), "source");
        draft.keep(name::check_database(to), "target");
        Self {
            draft,
            from: from.into(),
            to: to.into(),
            source: None,
            credential: None,
            existing: ExistingTarget::default(),
            filter: Filter::default(),
            limits: Limits::default(),
        }
    }

    /// Copies from another host: `"db.example:27018"`, a connection string, a
    /// [`Builder`](crate::Builder) with all its options, or a [`Connection`] that there is
    /// already (see [`CopySource`]). Default: from this connection.
    ///
    /// Except for a connection that there is already, one is made for the copy alone, and ends
    /// with it. It takes nothing over from this one: what it needs (TLS, a user) is in the
    /// connection string, the builder, or [`credential`](Self::credential).
    pub fn from_host(mut self, source: impl Into<CopySource>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The user who reads the source; goes with [`from_host`](Self::from_host), and wins over
    /// what its connection string says. A wrong password is a
    /// [`Kind::Authentication`](crate::Kind::Authentication), before anything is changed.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// What becomes of a target that is there already. Default: [`ExistingTarget::Refuse`].
    pub fn existing(mut self, existing: ExistingTarget) -> Self {
        self.existing = existing;
        self
    }

    /// Copies these collections and views, and no others. Default: all. A name that the source
    /// does not have is an error. May be called several times.
    pub fn include(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        let list = self.filter.include.get_or_insert_default();
        list.extend(names.into_iter().map(Into::into));
        self
    }

    /// Copies none of these collections and views, also if they are
    /// [included](Self::include). Default: none. A view is copied though what it is a view of
    /// is not. May be called several times.
    pub fn exclude(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.filter.exclude.extend(names.into_iter().map(Into::into));
        self
    }

    /// Whether indexes are copied, beside those of `_id`, which every collection has. Default
    /// true.
    pub fn with_indexes(mut self, indexes: bool) -> Self {
        self.limits.indexes = indexes;
        self
    }

    /// Collections that are copied at the same time. Default 4; at least 1. Each has one read
    /// and one write under way at most, so it needs up to two sockets.
    pub fn parallelism(mut self, collections: u32) -> Self {
        self.limits.parallelism = usize::try_from(collections).unwrap_or(usize::MAX);
        self
    }

    /// Documents that are read at once. Default 2,000; at least 1. Fewer come if they are more
    /// than 16 MiB together.
    pub fn batch_size(mut self, documents: u32) -> Self {
        self.limits.batch_size = documents;
        self
    }

    /// Bytes of documents that are sent in one insertion. Default 16 MiB (16,777,216); at least
    /// 1. A document by itself may be larger. The target's own limits hold as well.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.limits.batch_bytes = bytes;
        self
    }

    /// Whether documents are copied though they break the rules of their collection
    /// (`bypassDocumentValidation`), for which the user needs the right of that name. Default:
    /// yes where the copy makes a collection that has rules, since the source has its documents
    /// all the same; no where the target has the collection already.
    pub fn bypass_document_validation(mut self, bypass: bool) -> Self {
        self.limits.bypass = Some(bypass);
        self
    }

    /// Copies, and tells how far it is. Nothing is sent before that is polled.
    #[must_use = "nothing is sent before it is polled"]
    pub fn progress(self) -> Copying {
        let ledger = Ledger::default();
        match self.order() {
            Ok(order) => Copying::new(Box::pin(work::run(order, ledger.clone())), ledger),
            Err(error) => Copying::new(Box::pin(ready(Err(error.with_operation(NAME)))), ledger),
        }
    }

    fn start(self) -> Running<CopyReport> {
        Box::pin(self.progress())
    }

    fn order(self) -> crate::error::Result<Order> {
        let Self { mut draft, from, to, source, credential, existing, filter, limits } = self;
        if source.is_none() && from == to {
            draft.refuse(SAME);
        }
        if source.is_none() && credential.is_some() {
            draft.refuse("`credential` is for another host; name that with `from_host`");
        }
        if limits.parallelism == 0 || limits.batch_size == 0 || limits.batch_bytes == 0 {
            draft.refuse("`parallelism`, `batch_size` and `batch_bytes` must be at least 1");
        }
        let concern = &draft.handle().scope().write_concern;
        if !concern.is_acknowledged() {
            draft.refuse("a copy needs to know what was written, which `w: 0` does not tell");
        }
        let source = source.map(|source| source.with_credential(credential)).transpose();
        let source = draft.admit(source, "from_host").flatten();
        draft.check()?;
        let comment = draft.options.get("comment").cloned();
        let (timeout, target) = (draft.timeout.filter(|limit| !limit.is_zero()), draft.handle().clone());
        Ok(Order { target, source, from, to, existing, filter, limits, comment, timeout })
    }
}

/// What errors call it.
const NAME: &str = "copyDatabase";
/// The sentence of a copy onto itself.
const SAME: &str = "source and target are the same database; a copy needs another name, or another host";
