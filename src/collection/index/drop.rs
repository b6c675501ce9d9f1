//! `dropIndexes`.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use crate::collection::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::codec::encode_field;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Drops an index; see [`Collection::drop_index`](crate::Collection::drop_index).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropIndex {
    draft: Draft,
    namespace: Arc<Namespace>,
    /// `{index: ..}`
    which: RawDocumentBuf,
}

/// Drops all indexes; see [`Collection::drop_indexes`](crate::Collection::drop_indexes).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropIndexes {
    draft: Draft,
    namespace: Arc<Namespace>,
}

/// Stands for all of them.
const ALL: &str = "*";

macro_rules! dropping {
    ($builder:ident) => {
        options! { $builder {
            /// How long the server may take. Wins over what is left of the timeout.
            max_time(millis) => "maxTimeMS",
        } shared comment }

        verb!($builder -> ());
        concerns!(writes $builder);
        raw_data!($builder);
    };
}

dropping!(DropIndex);
dropping!(DropIndexes);

impl DropIndex {
    pub(super) fn by_name(handle: &Handle, namespace: &Arc<Namespace>, name: &str) -> Self {
        let mut new = Self::of(handle, namespace, name);
        if name == ALL {
            new.draft.refuse("\"*\" would drop all indexes; to do that, call drop_indexes");
        }
        new
    }

    pub(super) fn by_keys(handle: &Handle, namespace: &Arc<Namespace>, keys: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let keys = draft.encode("keys", keys);
        Self { draft, ..Self::of(handle, namespace, &keys) }
    }

    fn of<V: Serialize + ?Sized>(handle: &Handle, namespace: &Arc<Namespace>, which: &V) -> Self {
        let mut draft = Draft::new(handle);
        let which = draft.keep(encode_field("index", &which), "index").unwrap_or_default();
        Self { draft, namespace: namespace.clone(), which }
    }

    fn start(self) -> Running<()> {
        drop_indexes(self.draft, self.namespace, self.which)
    }
}

impl DropIndexes {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    fn start(self) -> Running<()> {
        let DropIndex { which, .. } = DropIndex::of(self.draft.handle(), &self.namespace, ALL);
        drop_indexes(self.draft, self.namespace, which)
    }
}

fn drop_indexes(mut draft: Draft, namespace: Arc<Namespace>, which: RawDocumentBuf) -> Running<()> {
    let plan = draft.changing(&namespace, which.as_bytes().len());
    let options = draft.take_options();
    draft.run(
        "dropIndexes",
        plan,
        move |command, limits| {
            let mut elements = command.elements();
            elements.str("dropIndexes", &namespace.collection).splice(&which);
            options.write_for(limits, &mut elements);
            Ok(())
        },
        |_, _| Ok(()),
    )
}
