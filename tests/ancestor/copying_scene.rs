//! What the stories of copying have in common: a source with something of everything, and how
//! two databases are held against each other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use actix_mongo::bson::spec::BinarySubtype;
use actix_mongo::bson::{Binary, Bson, DateTime, Document, RawDocumentBuf, Timestamp, doc, oid::ObjectId};
use actix_mongo::{Collection, Connection, Database};
use test_support::block_on;

use crate::support::{Fixture, fixture, fixture_alone};

/// A source with nothing in it yet, and the name of its copy; both are dropped with it.
pub struct Pair {
    pub fixture: Fixture,
    pub from: String,
    pub to: String,
}

impl Pair {
    pub fn new() -> Self {
        Self::on(fixture())
    }

    /// On a server that no other test has.
    pub fn alone() -> Self {
        Self::on(fixture_alone())
    }

    fn on(fixture: Fixture) -> Self {
        let from = fixture.database.name().to_owned();
        let to = format!("{from}_copy");
        Self { fixture, from, to }
    }

    pub fn connection(&self) -> &Connection {
        &self.fixture.connection
    }

    pub fn source(&self) -> &Database {
        &self.fixture.database
    }

    pub fn target(&self) -> Database {
        self.connection().database(&self.to).unwrap()
    }

    /// Documents `{_id: 0}`, `{_id: 1}` and so on, in a collection of the source.
    pub fn fill(&self, name: &str, count: i32) {
        fill(&self.source().collection(name).unwrap(), 0..count);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // A test that failed for the server's sake has said so already.
        let _ = block_on(self.target().drop().into_future());
    }
}

pub fn fill(collection: &Collection, ids: std::ops::Range<i32>) {
    let all: Vec<Document> = ids.map(|id| doc! { "_id": id, "text": format!("number {id}") }).collect();
    block_on(collection.insert_many(&all).into_future()).unwrap();
}

pub fn count(database: &Database, collection: &str) -> u64 {
    block_on(database.collection(collection).unwrap().count_documents(doc! {}).into_future()).unwrap()
}

/// Something of everything that the server has. It has no text, hashed and 2d indexes: those
/// are in `copying_sent`, on a scripted server.
pub fn everything(database: &Database) {
    let run = |command: Document| {
        block_on(database.run_command(command.clone()).into_future())
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    };
    let insert = |name: &str, documents: Vec<Document>| {
        let collection: Collection = database.collection(name).unwrap();
        let insert = collection.insert_many(&documents).bypass_document_validation(true);
        block_on(insert.into_future()).unwrap_or_else(|error| panic!("{name}: {error}"));
    };

    insert("rooms", rooms());
    run(doc! { "createIndexes": "rooms", "indexes": [
        { "key": { "number": 1 }, "name": "unique", "unique": true },
        { "key": { "floor": 1, "beds": -1 }, "name": "compound" },
        { "key": { "maybe": 1 }, "name": "sparse", "sparse": true },
        { "key": { "beds": 1 }, "name": "partial", "partialFilterExpression": { "floor": { "$gt": 3 } } },
        { "key": { "seen": 1 }, "name": "ttl", "expireAfterSeconds": 1_000_000_000 },
        { "key": { "name": 1 }, "name": "collation", "collation": { "locale": "de", "strength": 2 } },
        { "key": { "place": "2dsphere" }, "name": "sphere" },
        { "key": { "hidden": 1 }, "name": "hidden", "hidden": true },
        { "key": { "$**": 1 }, "name": "wildcard", "wildcardProjection": { "attributes": 1 } },
    ] });

    let rules = doc! { "$jsonSchema": { "required": ["name"] } };
    run(
        doc! { "create": "guests", "validator": rules, "validationLevel": "moderate", "validationAction": "error" },
    );
    insert("guests", vec![doc! { "_id": 1, "name": "A" }, doc! { "_id": 2, "nameless": true }]);

    run(doc! { "create": "log", "capped": true, "size": 100_000, "max": 50 });
    for from in [0, 40] {
        insert("log", (from..from + 40).map(|line| doc! { "_id": 1000 - line, "line": line }).collect());
    }

    run(doc! { "create": "measurements",
    "timeseries": { "timeField": "at", "metaField": "sensor", "granularity": "minutes" },
    "expireAfterSeconds": 1_000_000_000_i64 });
    let at = |second: i64| DateTime::from_millis(1_700_000_000_000 + second * 1000);
    insert(
        "measurements",
        (0..300).map(|n| doc! { "_id": n, "at": at(n), "sensor": n % 3, "value": n * n }).collect(),
    );

    let latest = doc! { "key": { "sensor": 1, "at": -1 }, "name": "latest" };
    run(doc! { "createIndexes": "measurements", "indexes": [latest] });
    run(
        doc! { "create": "clustered", "clusteredIndex": { "key": { "_id": 1 }, "unique": true, "name": "by id" } },
    );
    insert("clustered", (0..100).map(|id| doc! { "_id": (id * 37) % 100 }).collect());
    run(doc! { "create": "names", "collation": { "locale": "en", "strength": 2 } });
    insert("names", vec![doc! { "_id": "Anna" }, doc! { "_id": "bert" }]);
    run(doc! { "create": "changes", "changeStreamPreAndPostImages": { "enabled": true } });
    insert("system.js", vec![doc! { "_id": "twice", "value": "function (n) { return 2 * n; }" }]);
    run(doc! { "create": "empty" });

    run(
        doc! { "create": "z_high", "viewOn": "rooms", "pipeline": [{ "$match": { "floor": { "$gt": 3 } } }] },
    );
    let joins =
        doc! { "$lookup": { "from": "z_high", "localField": "floor", "foreignField": "floor", "as": "all" } };
    run(doc! { "create": "a_joined", "viewOn": "z_high", "pipeline": [joins, { "$limit": 3 }] });
    run(
        doc! { "create": "names_view", "viewOn": "names", "pipeline": [], "collation": { "locale": "en", "strength": 2 } },
    );
}

/// Documents with a value of each type, in fields that the indexes are of.
fn rooms() -> Vec<Document> {
    let all = (0..500).map(|number| {
        let mut room = doc! {
            "_id": ObjectId::new(), "number": number, "floor": number / 100, "beds": i64::from(number % 4),
            "name": if number % 2 == 0 { "Größe" } else { "klein" }, "seen": DateTime::now(),
            "place": { "type": "Point", "coordinates": [f64::from(number) / 10.0, 50.0] },
            "attributes": { "a": [1, "two", { "three": Bson::Null }], "b": true },
            "times": Timestamp { time: 7, increment: 9 }, "pattern": Bson::MinKey,
            "bytes": Binary { subtype: BinarySubtype::Generic, bytes: vec![0; 30] },
        };
        if number % 5 == 0 {
            room.insert("maybe", number);
        }
        room
    });
    // Whatever may be an `_id`.
    let odd = [Bson::Null, Bson::Int64(1 << 40), Bson::String("ä".into()), doc! { "a": 1, "b": [] }.into()];
    let odd = odd.into_iter().enumerate().map(|(at, id)| doc! { "_id": id, "number": -1 - at as i64 });
    all.chain(odd).collect()
}

/// What users don't fill by these names.
pub fn is_the_servers_own(name: &str) -> bool {
    name.starts_with("system.") && name != "system.js"
}

/// Everything that a database shows of itself, without what differs between copies by nature:
/// the identity of collections.
#[derive(Debug, PartialEq)]
pub struct Picture {
    /// What `listCollections` says, by name.
    pub collections: BTreeMap<String, Document>,
    /// What `listIndexes` says of each, by name.
    pub indexes: BTreeMap<String, BTreeMap<String, Document>>,
    /// For each: how many documents, and a hash of all of them.
    pub documents: BTreeMap<String, (u64, u64)>,
}

pub fn picture(database: &Database) -> Picture {
    let listed = block_on(database.list_collections().of::<Document>().into_future()).unwrap();
    let mut collections = BTreeMap::new();
    for mut one in block_on(listed.collect_all()).unwrap() {
        if let Ok(info) = one.get_document_mut("info") {
            info.remove("uuid");
        }
        collections.insert(one.get_str("name").unwrap().to_owned(), one);
    }
    let (mut indexes, mut documents) = (BTreeMap::new(), BTreeMap::new());
    for (name, one) in &collections {
        let collection: Collection = database.collection(name).unwrap();
        // What is below time series has an order of its own, and identities.
        if !is_the_servers_own(name) {
            let ordered = one.get_document("options").unwrap().contains_key("capped");
            documents.insert(name.clone(), hash(&collection, ordered));
        }
        if one.get_str("type").unwrap() != "view" && !is_the_servers_own(name) {
            let listed = block_on(collection.list_indexes().of::<Document>().into_future()).unwrap();
            let listed = block_on(listed.collect_all()).unwrap().into_iter();
            let named = listed.map(|index| (index.get_str("name").unwrap().to_owned(), index));
            indexes.insert(name.clone(), named.collect());
        }
    }
    Picture { collections, indexes, documents }
}

/// Of all documents' bytes; where their order means nothing, in any order.
fn hash(collection: &Collection, ordered: bool) -> (u64, u64) {
    let cursor = block_on(collection.find(doc! {}).of::<RawDocumentBuf>().into_future()).unwrap();
    let (mut count, mut all) = (0, 0_u64);
    for document in block_on(cursor.collect_all()).unwrap() {
        let mut hasher = DefaultHasher::new();
        if ordered {
            all.hash(&mut hasher);
        }
        document.as_bytes().hash(&mut hasher);
        all = if ordered { hasher.finish() } else { all.wrapping_add(hasher.finish()) };
        count += 1;
    }
    (count, all)
}

/// Fails with what differs, and not with all there is.
#[track_caller]
pub fn assert_same(source: &Picture, target: &Picture) {
    let names = |picture: &Picture| picture.collections.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(source), names(target), "collections");
    for (name, one) in &source.collections {
        assert_eq!(one, &target.collections[name], "what is listed of {name}");
        assert_eq!(source.documents.get(name), target.documents.get(name), "documents of {name}");
        assert_eq!(source.indexes.get(name), target.indexes.get(name), "indexes of {name}");
    }
}
