//! `listDatabases` (enumerate databases specification).

use std::marker::PhantomData;
use std::sync::Arc;

use bson::{Bson, Document};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::collection::{Draft, Running, options, verb};
use crate::command::codec::decode;
use crate::command::reply::unreadable;
use crate::dispatch::Handle;
use crate::error::Result;
use crate::pool::Answer;
use crate::wire::ProtocolError;
use crate::wire::walk::Walk;

/// A database that exists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Document")]
#[non_exhaustive]
pub struct DatabaseSpecification {
    /// Its name.
    pub name: String,
    /// What its files hold, in bytes; 0 if only names were asked for.
    pub size_on_disk: u64,
    /// Whether it has no data.
    pub empty: bool,
    /// On sharded clusters, how much each shard holds.
    pub shards: Option<Document>,
}

/// Lists databases; see [`Connection::list_databases`](crate::Connection::list_databases).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListDatabases<T = DatabaseSpecification> {
    draft: Draft,
    database: PhantomData<fn() -> T>,
}

/// Lists the names of databases; see
/// [`Connection::list_database_names`](crate::Connection::list_database_names).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct ListDatabaseNames {
    draft: Draft,
}

options! { ListDatabases<T> {
    /// Only those that match: a filter over `name`, `sizeOnDisk`, `empty` and `shards`.
    filter(document) => "filter",
    /// Whether the server says no more than names, which is cheaper.
    name_only(bool) => "nameOnly",
    /// Whether those are left out that the user may not use; without it, that depends on
    /// the user's rights.
    authorized_databases(bool) => "authorizedDatabases",
} shared comment }

options! { ListDatabaseNames {
    /// Only those that match: a filter over `name`, `sizeOnDisk`, `empty` and `shards`.
    filter(document) => "filter",
    /// Whether those are left out that the user may not use; without it, that depends on
    /// the user's rights.
    authorized_databases(bool) => "authorizedDatabases",
} shared comment }

verb!(ListDatabases<T> -> Vec<T>);
verb!(ListDatabaseNames -> Vec<String>);

/// The database that the command runs on.
const ADMIN: &str = "admin";

impl ListDatabases {
    pub(crate) fn new(handle: &Handle) -> Self {
        Self { draft: Draft::new(handle), database: PhantomData }
    }
}

impl<T> ListDatabases<T> {
    /// Reads them as another type.
    pub fn of<U>(self) -> ListDatabases<U> {
        ListDatabases { draft: self.draft, database: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> ListDatabases<T> {
    fn start(self) -> Running<Vec<T>> {
        let mut draft = self.draft;
        let plan = draft.listing(&Arc::<str>::from(ADMIN), 0);
        let options = draft.take_options();
        draft.run(
            "listDatabases",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.i32("listDatabases", 1);
                options.write(&mut elements);
                Ok(())
            },
            |answer, _| read(answer),
        )
    }
}

impl ListDatabaseNames {
    pub(crate) fn new(handle: &Handle) -> Self {
        Self { draft: Draft::new(handle) }
    }

    fn start(self) -> Running<Vec<String>> {
        let mut draft = self.draft;
        draft.set("nameOnly", true);
        let list = ListDatabases::<DatabaseSpecification> { draft, database: PhantomData }.start();
        Box::pin(async move { Ok(list.await?.into_iter().map(|database| database.name).collect()) })
    }
}

fn read<T: DeserializeOwned + 'static>(answer: &Answer) -> Result<Vec<T>> {
    let wrong = || ProtocolError::Field { field: "databases", expected: "an array of documents" };
    let unreadable = |error| unreadable(error, &answer.server);
    let list = Walk::over(&answer.body)
        .map_while(|element| element.ok())
        .find(|element| element.key == b"databases")
        .and_then(|element| element.as_array())
        .ok_or_else(|| unreadable(wrong()))?;
    Walk::over(list)
        .map(|entry| {
            let entry = entry.map_err(unreadable)?;
            decode(entry.as_document().ok_or_else(|| unreadable(wrong()))?)
        })
        .collect()
}

impl TryFrom<Document> for DatabaseSpecification {
    type Error = String;

    fn try_from(mut all: Document) -> Result<Self, String> {
        let Some(Bson::String(name)) = all.remove("name") else {
            return Err("a database's name is missing, or is no string".to_owned());
        };
        // Servers say it as a double, or as an integer.
        let size_on_disk = match all.get("sizeOnDisk") {
            Some(Bson::Double(size)) => *size as u64,
            Some(Bson::Int64(size)) => u64::try_from(*size).unwrap_or(0),
            Some(Bson::Int32(size)) => u64::try_from(*size).unwrap_or(0),
            _ => 0,
        };
        let shards = match all.remove("shards") {
            Some(Bson::Document(shards)) => Some(shards),
            _ => None,
        };
        Ok(Self { name, size_on_disk, empty: all.get_bool("empty").unwrap_or(false), shards })
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn what_is_listed_is_read() {
        let read = |all: Document| bson::deserialize_from_document::<DatabaseSpecification>(all);
        for size in [Bson::Int32(5), Bson::Int64(5), Bson::Double(5.0)] {
            let whole = read(doc! { "name": "a", "sizeOnDisk": size, "empty": true }).unwrap();
            assert_eq!((whole.name.as_str(), whole.size_on_disk, whole.empty), ("a", 5, true));
        }
        let sharded = read(doc! { "name": "a", "shards": { "one": 5 } }).unwrap();
        assert_eq!(sharded.shards, Some(doc! { "one": 5 }));
        assert!(read(doc! { "sizeOnDisk": 5 }).is_err());
    }
}
