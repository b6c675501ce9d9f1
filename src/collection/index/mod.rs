//! Indexes: made, dropped and listed (index management specification).

mod create;
mod drop;
mod list;
mod model;
mod specification;

pub use create::{CreateIndex, CreateIndexes};
pub use drop::{DropIndex, DropIndexes};
pub use list::{ListIndexNames, ListIndexes};
pub use model::IndexModel;
pub use specification::IndexSpecification;

use bson::Document;
use serde::Serialize;

use super::Collection;

impl<T> Collection<T> {
    /// Makes an index: of these keys, or by an [`IndexModel`]. The output is its name. One
    /// that is there already, the same in all, is no error.
    ///
    /// ```no_run
    /// # use actix_mongo::{IndexModel, bson::doc};
    /// # async fn example(rooms: actix_mongo::Collection) -> actix_mongo::Result<()> {
    /// rooms.create_index(doc! { "beds": 1 }).await?;
    /// rooms.create_index(IndexModel::new(doc! { "number": 1 }).unique(true)).await?;
    /// # Ok(()) }
    /// ```
    pub fn create_index(&self, model: impl Into<IndexModel>) -> CreateIndex {
        CreateIndex::new(&self.handle, &self.namespace, model.into())
    }

    /// Makes several indexes with one command. The output is their names.
    pub fn create_indexes(&self, models: impl IntoIterator<Item: Into<IndexModel>>) -> CreateIndexes {
        CreateIndexes::new(&self.handle, &self.namespace, models)
    }

    /// Drops the index of this name. To drop all, there is
    /// [`drop_indexes`](Self::drop_indexes).
    pub fn drop_index(&self, name: &str) -> DropIndex {
        DropIndex::by_name(&self.handle, &self.namespace, name)
    }

    /// Drops the index of these keys. Of several that differ in their options the server
    /// drops none.
    pub fn drop_index_with_keys(&self, keys: impl Serialize) -> DropIndex {
        DropIndex::by_keys(&self.handle, &self.namespace, keys)
    }

    /// Drops all indexes but that of `_id`.
    pub fn drop_indexes(&self) -> DropIndexes {
        DropIndexes::new(&self.handle, &self.namespace)
    }

    /// All indexes, through a [`Cursor`](crate::Cursor). That the collection does not exist
    /// is the server's error `NamespaceNotFound` (26).
    pub fn list_indexes(&self) -> ListIndexes {
        ListIndexes::new(&self.handle, &self.namespace)
    }

    /// The names of all indexes.
    pub fn list_index_names(&self) -> ListIndexNames {
        ListIndexNames::new(&self.handle, &self.namespace)
    }
}

impl From<Document> for IndexModel {
    /// An index of these keys.
    fn from(keys: Document) -> Self {
        Self::new(keys)
    }
}
