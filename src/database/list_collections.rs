//! `listCollections` (enumerate collections specification).

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CollectionSpecification;
use crate::collection::{Draft, Running, cursor_verb, options, raw_data, verb};
use crate::cursor::{Cursor, CursorOptions};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Lists collections; see [`Database::list_collections`](crate::Database::list_collections).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListCollections<T = CollectionSpecification> {
    draft: Draft,
    database: Arc<str>,
    cursor: CursorOptions,
    document: PhantomData<fn() -> T>,
}

options! { ListCollections<T> {
    /// Only those that match: a filter over `name`, `type`, `options` and the like.
    filter(document) => "filter",
    /// Whether the server says no more than names and types, which is cheaper. Of a filter
    /// it then sees no more either.
    name_only(bool) => "nameOnly",
    /// With [`name_only`](Self::name_only): whether those are left out that the user may not
    /// use, in place of an error.
    authorized_collections(bool) => "authorizedCollections",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(ListCollections<T> -> Cursor<T>);
cursor_verb!(ListCollections<T>);
raw_data!(ListCollections<T>);

/// What servers call the cursor.
const LIST: &str = "$cmd.listCollections";

impl ListCollections {
    pub(super) fn new(handle: &Handle, database: &Arc<str>) -> Self {
        let (draft, cursor) = (Draft::new(handle), CursorOptions::default());
        Self { draft, database: database.clone(), cursor, document: PhantomData }
    }
}

impl<T> ListCollections<T> {
    /// Reads them as another type; [`Document`](bson::Document) is all that the server says.
    pub fn of<U>(self) -> ListCollections<U> {
        let Self { draft, database, cursor, .. } = self;
        ListCollections { draft, database, cursor, document: PhantomData }
    }
}

impl<T: 'static> ListCollections<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { mut draft, database, cursor, .. } = self;
        let mut plan = draft.listing(&database, 0);
        cursor.shape(&mut plan);
        let options = draft.take_options();
        let namespace = Namespace { database, collection: LIST.into() };
        // Further batches have no comment of their own: the server has them inherit it.
        let settings = draft.cursor(&cursor, &Arc::new(namespace), None);
        draft.run(
            "listCollections",
            plan,
            move |command, limits| {
                let mut elements = command.elements();
                elements.i32("listCollections", 1).document_with("cursor", |fields| {
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

/// Lists the names of collections; see
/// [`Database::list_collection_names`](crate::Database::list_collection_names).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListCollectionNames {
    draft: Draft,
    database: Arc<str>,
    /// The filter looks at more than names, so the server must, too.
    looks_further: bool,
}

options! { ListCollectionNames {
    /// Whether those are left out that the user may not use, in place of an error.
    authorized_collections(bool) => "authorizedCollections",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(ListCollectionNames -> Vec<String>);

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl ListCollectionNames {
    pub(super) fn new(handle: &Handle, database: &Arc<str>) -> Self {
        Self { draft: Draft::new(handle), database: database.clone(), looks_further: false }
    }

    /// Only those that match: a filter over `name`, `type`, `options` and the like.
    pub fn filter(mut self, filter: impl Serialize) -> Self {
        let filter = self.draft.encode("filter", filter);
        self.looks_further = filter.iter().any(|element| !matches!(element, Ok((key, _)) if key == "name"));
        self.draft.set("filter", filter);
        self
    }

    fn start(self) -> Running<Vec<String>> {
        let Self { mut draft, database, looks_further } = self;
        if !looks_further {
            draft.set("nameOnly", true);
        }
        let (cursor, document) = (CursorOptions::default(), PhantomData);
        let list = ListCollections::<Named> { draft, database, cursor, document }.start();
        Box::pin(async move {
            let named = list.await?.collect_all().await?;
            Ok(named.into_iter().map(|collection| collection.name).collect())
        })
    }
}
