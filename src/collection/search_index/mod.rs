//! Search indexes, which are kept beside the collection by a process of their own (index
//! management specification, "Search Indexes"). The commands have neither read nor write
//! concern, and are done once the work is asked for: whether an index is there yet,
//! [`list_search_indexes`](crate::Collection::list_search_indexes) tells.

mod change;
mod create;
mod model;

use bson::{Document, doc};
use serde::Serialize;

pub use change::{DropSearchIndex, UpdateSearchIndex};
pub use create::{CreateSearchIndex, CreateSearchIndexes};
pub use model::SearchIndexModel;

use super::{Aggregate, Collection};

impl<T> Collection<T> {
    /// Has a search index made. The output is its name. The server does that in its own
    /// time, so it is not there at once.
    pub fn create_search_index(&self, model: SearchIndexModel) -> CreateSearchIndex {
        CreateSearchIndex::new(&self.handle, &self.namespace, model)
    }

    /// Has several search indexes made with one command. The output is their names.
    pub fn create_search_indexes(
        &self,
        models: impl IntoIterator<Item = SearchIndexModel>,
    ) -> CreateSearchIndexes {
        CreateSearchIndexes::new(&self.handle, &self.namespace, models)
    }

    /// Gives a search index another definition.
    pub fn update_search_index(&self, name: &str, definition: impl Serialize) -> UpdateSearchIndex {
        UpdateSearchIndex::new(&self.handle, &self.namespace, name, definition)
    }

    /// Drops a search index. That the collection is not there is no error.
    pub fn drop_search_index(&self, name: &str) -> DropSearchIndex {
        DropSearchIndex::new(&self.handle, &self.namespace, name)
    }

    /// All search indexes, or the one of this name, as an aggregation.
    pub fn list_search_indexes<'a>(&self, name: impl Into<Option<&'a str>>) -> Aggregate<Document> {
        let which = name.into().map_or_else(Document::new, |name| doc! { "name": name });
        Aggregate::of_collection(&self.handle, &self.namespace, [doc! { "$listSearchIndexes": which }])
    }
}
