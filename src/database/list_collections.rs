//! `listCollections` (enumerate collections specification).

use std::sync::Arc;

use serde::Serialize;

use super::CollectionSpecification;
use crate::collection::{Draft, Running, listing, names, options, verb};
use crate::cursor::Cursor;
use crate::dispatch::Handle;
use crate::pool::Namespace;

listing! {
    /// Lists collections; see [`Database::list_collections`](crate::Database::list_collections).
    ListCollections<T = CollectionSpecification> over database: str
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
} shared comment }

/// What servers call the cursor.
const LIST: &str = "$cmd.listCollections";

impl<T: 'static> ListCollections<T> {
    fn start(self) -> Running<Cursor<T>> {
        let Self { draft, database, cursor, .. } = self;
        let namespace = Namespace { database: database.clone(), collection: LIST.into() };
        // Further batches have no comment of their own: the server has them inherit it.
        draft.list("listCollections", &database, Arc::new(namespace), cursor, false, |command| {
            command.i32("listCollections", 1);
        })
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
} shared comment }

verb!(ListCollectionNames -> Vec<String>);

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
        names(ListCollections::of_draft(draft, database).start())
    }
}
