//! `create`.

use std::sync::Arc;

use crate::collection::{
    Draft, Running, ValidationAction, ValidationLevel, collection_options, concerns, options, verb,
};
use crate::command::name;
use crate::dispatch::Handle;

/// Makes a collection; see
/// [`Database::create_collection`](crate::Database::create_collection).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CreateCollection {
    draft: Draft,
    database: Arc<str>,
    name: String,
}

options! { CreateCollection {
    /// Whether the oldest documents make room for new ones; goes with
    /// [`size`](Self::size).
    capped(bool) => "capped",
    /// How large a capped collection may grow, in bytes.
    size(i64) => "size",
    /// How many documents a capped collection may have.
    max(i64) => "max",
    /// The rules that documents must keep to.
    validator(document) => "validator",
    /// Which documents are held to the rules; all without it.
    validation_level(ValidationLevel) => "validationLevel",
    /// What becomes of a write that breaks them; without it, it is refused.
    validation_action(ValidationAction) => "validationAction",
    /// Makes a view of this collection or view; goes with [`pipeline`](Self::pipeline).
    view_on(String) => "viewOn",
    /// How strings are compared, where a call does not say otherwise.
    collation(document) => "collation",
    /// Makes a time series: `timeField`, and if wanted `metaField`, `granularity`,
    /// `bucketMaxSpanSeconds` and `bucketRoundingSeconds` (servers from 5.0).
    timeseries(document) => "timeseries",
    /// Keeps the documents in the order of an index: `key` and `unique`, and if wanted
    /// `name` (servers from 5.3).
    clustered_index(document) => "clusteredIndex",
    /// Options of the storage engine.
    storage_engine(document) => "storageEngine",
    /// What its indexes have by default: `storageEngine`.
    index_option_defaults(document) => "indexOptionDefaults",
    /// Which fields are encrypted, and how they can be queried.
    encrypted_fields(document) => "encryptedFields",
} shared comment }

verb!(CreateCollection -> ());
concerns!(writes CreateCollection);
collection_options!(CreateCollection);

impl CreateCollection {
    pub(super) fn new(handle: &Handle, database: &Arc<str>, name: &str) -> Self {
        let mut draft = Draft::new(handle);
        draft.keep(name::check_collection(database, name), "name");
        Self { draft, database: database.clone(), name: name.to_owned() }
    }

    fn start(self) -> Running<()> {
        let Self { mut draft, database, name } = self;
        let plan = draft.changing(&database, name.len());
        let options = draft.take_options();
        draft.run(
            "create",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("create", &name);
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        )
    }
}
