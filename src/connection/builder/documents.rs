//! What documents are read as.

use std::marker::PhantomData;

use super::Builder;
use crate::dates::Dates;

impl<D> Builder<D> {
    /// The type of documents in collections that name no other. Default
    /// [`Document`](bson::Document). [`Connection::with_document_type`] gives a handle with
    /// another one at any time, and [`Database::collection_of`](crate::Database::collection_of)
    /// a single collection.
    ///
    /// ```no_run
    /// # use serde::{Deserialize, Serialize};
    /// use actix_mongo::Connection;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Room {
    ///     beds: i32,
    /// }
    ///
    /// # async fn example() -> actix_mongo::Result<()> {
    /// let connection: Connection<Room> =
    ///     Connection::builder().to("localhost").document_class::<Room>().connect().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// [`Connection::with_document_type`]: crate::Connection::with_document_type
    pub fn document_class<T>(self) -> Builder<T> {
        let Self { target, hosts, port, changes, document: PhantomData } = self;
        Builder { target, hosts, port, changes, document: PhantomData }
    }

    /// Whether dates know that they are in UTC. Default true. This is what
    /// [`Connection::dates`](crate::Connection::dates) goes by, and nothing else: BSON's dates are
    /// points in time, an untyped document carries them as [`bson::DateTime`] either way, and a
    /// field of a struct is read as its own type says ([`dates`](crate::dates)).
    pub fn tz_aware(self, aware: bool) -> Self {
        let dates = if aware { Dates::AWARE } else { Dates::NAIVE };
        self.set(move |options| options.scope.dates = dates)
    }
}
