//! `listIndexes`.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;

use super::IndexSpecification;
use crate::collection::cursor_verb::cursor_verb;
use crate::collection::draft::{Draft, Running, options, raw_data, verb};
use crate::cursor::{Cursor, CursorOptions};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Lists indexes; see [`Collection::list_indexes`](crate::Collection::list_indexes).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListIndexes<T = IndexSpecification> {
    draft: Draft,
    namespace: Arc<Namespace>,
    cursor: CursorOptions,
    document: PhantomData<fn() -> T>,
}

options! { ListIndexes<T> {
    /// Shown in the server's logs and profiles, also for further batches.
    comment(any) => "comment",
} }

verb!(ListIndexes<T> -> Cursor<T>);
cursor_verb!(ListIndexes<T>);
raw_data!(ListIndexes<T>);

impl ListIndexes {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        let (draft, cursor) = (Draft::new(handle), CursorOptions::default());
        Self { draft, namespace: namespace.clone(), cursor, document: PhantomData }
    }
}

impl<T> ListIndexes<T> {
    /// Reads them as another type; [`Document`](bson::Document) is all that the server says.
    pub fn of<U>(self) -> ListIndexes<U> {
        let Self { draft, namespace, cursor, .. } = self;
        ListIndexes { draft, namespace, cursor, document: PhantomData }
    }
}

impl<T: 'static> ListIndexes<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { mut draft, namespace, cursor, .. } = self;
        let mut plan = draft.listing(&namespace, 0);
        cursor.shape(&mut plan);
        let options = draft.take_options();
        let settings = draft.cursor(&cursor, &namespace, options.get("comment").cloned());
        draft.run(
            "listIndexes",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.str("listIndexes", &namespace.collection).document_with("cursor", |fields| {
                    if let Some(size) = cursor.batch_size {
                        fields.i32("batchSize", size);
                    }
                });
                options.write_for(limits, &mut elements);
                Ok(())
            },
            move |answer, handle| Cursor::open(answer, handle, settings.clone()),
        )
    }
}

/// Lists the names of indexes; see
/// [`Collection::list_index_names`](crate::Collection::list_index_names).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListIndexNames {
    draft: Draft,
    namespace: Arc<Namespace>,
}

options! { ListIndexNames {
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(ListIndexNames -> Vec<String>);

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl ListIndexNames {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    fn start(self) -> Running<Vec<String>> {
        let Self { draft, namespace } = self;
        let (cursor, document) = (CursorOptions::default(), PhantomData);
        let list = ListIndexes::<Named> { draft, namespace, cursor, document }.start();
        Box::pin(async move {
            let named = list.await?.collect_all().await?;
            Ok(named.into_iter().map(|index| index.name).collect())
        })
    }
}
