//! `distinct`.

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Bson, RawDocumentBuf};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::command::codec::decode;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Finds the values of a field; see [`Collection::distinct`](crate::Collection::distinct).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Distinct<V = Bson> {
    draft: Draft,
    namespace: Arc<Namespace>,
    field: String,
    filter: RawDocumentBuf,
    value: PhantomData<fn() -> V>,
}

options! { Distinct<V> {} shared hint, collation, max_time, comment }

verb!(Distinct<V> -> Vec<V>);
concerns!(reads Distinct<V>);
raw_data!(Distinct<V>);

/// The reply, as far as it matters.
#[derive(Deserialize)]
struct Reply<V> {
    values: Vec<V>,
}

impl<V> Distinct<V> {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        field: &str,
        filter: impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), field: field.to_owned(), filter, value: PhantomData }
    }

    /// Reads the values as another type.
    pub fn of<U>(self) -> Distinct<U> {
        let Self { draft, namespace, field, filter, .. } = self;
        Distinct { draft, namespace, field, filter, value: PhantomData }
    }
}

impl<V: DeserializeOwned + Send + 'static> Distinct<V> {
    fn start(self) -> Running<Vec<V>> {
        let Self { mut draft, namespace, field, filter, .. } = self;
        let plan = draft.reading(&namespace, field.len() + filter.as_bytes().len());
        let options = draft.take_options();
        draft.run(
            "distinct",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("distinct", &namespace.collection).str("key", &field).document("query", &filter);
                options.write_for(limits, &mut elements);
                Ok(())
            },
            |answer, _| decode::<Reply<V>>(&answer.body).map(|reply| reply.values),
        )
    }
}
