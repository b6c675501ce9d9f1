//! A collection as the server lists it.

use bson::{Bson, Document, Uuid};
use serde::Deserialize;

/// A collection or view that exists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Document")]
#[non_exhaustive]
pub struct CollectionSpecification {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: CollectionKind,
    /// What it was made with, by the names of the command `create`. Empty if only names
    /// were asked for.
    pub options: Document,
    /// Whether it can't be written to.
    pub read_only: bool,
    /// What the server knows it by, whatever its name; views have none.
    pub uuid: Option<Uuid>,
    /// The index of `_id`, as the server says it. Servers from 4.4 on leave out the field
    /// `ns`.
    pub id_index: Option<Document>,
}

/// What something is that has a name in a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CollectionKind {
    /// An ordinary collection.
    Collection,
    /// A view of another one.
    View,
    /// A time series.
    Timeseries,
    /// What this driver does not know, by the server's name.
    Other(String),
}

impl TryFrom<Document> for CollectionSpecification {
    type Error = String;

    fn try_from(mut all: Document) -> Result<Self, String> {
        let Some(Bson::String(name)) = all.remove("name") else {
            return Err("a collection's name is missing, or is no string".to_owned());
        };
        let kind = match all.get_str("type") {
            // It goes without saying on servers that know no other.
            Err(_) | Ok("collection") => CollectionKind::Collection,
            Ok("view") => CollectionKind::View,
            Ok("timeseries") => CollectionKind::Timeseries,
            Ok(other) => CollectionKind::Other(other.to_owned()),
        };
        let mut document = |key: &str| match all.remove(key) {
            Some(Bson::Document(document)) => Some(document),
            _ => None,
        };
        let (options, info, id_index) = (document("options"), document("info"), document("idIndex"));
        let info = info.unwrap_or_default();
        let uuid = match info.get("uuid") {
            Some(Bson::Binary(binary)) => binary.to_uuid().ok(),
            _ => None,
        };
        Ok(Self {
            name,
            kind,
            options: options.unwrap_or_default(),
            read_only: info.get_bool("readOnly").unwrap_or(false),
            uuid,
            id_index,
        })
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn what_is_listed_is_read() {
        let read = |all: Document| bson::deserialize_from_document::<CollectionSpecification>(all);
        let uuid = Uuid::new();
        let whole = read(doc! {
            "name": "c", "type": "view", "options": { "viewOn": "d" },
            "info": { "readOnly": true, "uuid": uuid }, "idIndex": { "name": "_id_" },
        });
        let whole = whole.unwrap();
        assert_eq!((whole.name.as_str(), whole.kind, whole.read_only), ("c", CollectionKind::View, true));
        assert_eq!((whole.options, whole.uuid), (doc! { "viewOn": "d" }, Some(uuid)));
        assert_eq!(whole.id_index, Some(doc! { "name": "_id_" }));
        let bare = read(doc! { "name": "c" }).unwrap();
        assert_eq!((bare.kind, bare.read_only, bare.uuid), (CollectionKind::Collection, false, None));
        let new = read(doc! { "name": "c", "type": "heap" }).unwrap();
        assert_eq!(new.kind, CollectionKind::Other("heap".into()));
        assert!(read(doc! { "type": "view" }).is_err());
    }
}
