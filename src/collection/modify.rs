//! `collMod`.

use std::sync::Arc;

use bson::Document;

use super::draft::{Draft, Running, concerns, options, verb};
use super::validation::collection_options;
use super::{ValidationAction, ValidationLevel};
use crate::command::codec::decode;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Changes a collection's options; see [`Collection::modify`](crate::Collection::modify).
/// The output is the server's reply, which for some options tells the old value and the new.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Modify {
    draft: Draft,
    namespace: Arc<Namespace>,
}

options! { Modify {
    /// Which index to change and what of it: `name` or `keyPattern`, and `hidden`,
    /// `expireAfterSeconds`, `unique` or `prepareUnique`.
    index(document) => "index",
    /// The rules that documents must keep to; an empty document is none.
    validator(document) => "validator",
    /// Which documents are held to the rules.
    validation_level(ValidationLevel) => "validationLevel",
    /// What becomes of a write that breaks them.
    validation_action(ValidationAction) => "validationAction",
    /// What the view looks at; goes with [`pipeline`](Self::pipeline).
    view_on(String) => "viewOn",
    /// For a time series: its new `granularity`, or `bucketMaxSpanSeconds` and
    /// `bucketRoundingSeconds`.
    timeseries(document) => "timeseries",
    /// The new size of a capped collection, in bytes.
    capped_size(i64) => "cappedSize",
    /// How many documents a capped collection may have; 0 and less are no limit.
    capped_max(i64) => "cappedMax",
} shared comment }

verb!(Modify -> Document);
concerns!(writes Modify);
collection_options!(Modify);

impl Modify {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    /// The documents of a time series or clustered collection live on.
    pub fn never_expire(mut self) -> Self {
        self.draft.set("expireAfterSeconds", "off");
        self
    }

    fn start(self) -> Running<Document> {
        let Self { mut draft, namespace } = self;
        let plan = draft.altering(&namespace, 0);
        let options = draft.take_options();
        draft.run(
            "collMod",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("collMod", &namespace.collection);
                options.write(&mut elements);
                Ok(())
            },
            |answer, _| decode(&answer.body),
        )
    }
}
