//! The ordinary replies: a server that has canned documents and forgets what is
//! written to it.

use super::log::CommandRecord;
use bson::{Bson, Document, doc};
use std::collections::HashMap;

/// Documents of a first batch when the command names no size.
const FIRST_BATCH: usize = 101;

/// What the ordinary replies are made of.
pub(super) struct Canned {
    /// What every find and aggregate yields.
    pub documents: Vec<Document>,
    /// Open cursors, by id.
    cursors: HashMap<i64, OpenCursor>,
    /// The id of the cursor opened last.
    last_id: i64,
}

struct OpenCursor {
    namespace: String,
    rest: Vec<Document>,
}

impl Canned {
    /// Cursor ids begin with the port, so that no two servers share one.
    pub fn new(port: u16, documents: Vec<Document>) -> Self {
        Self { documents, cursors: HashMap::new(), last_id: i64::from(port) << 32 }
    }

    /// How many cursors are open.
    pub fn open_cursors(&self) -> usize {
        self.cursors.len()
    }

    /// The reply to anything but a handshake.
    pub fn reply(&mut self, command: &CommandRecord) -> Document {
        let body = &command.body;
        match command.name.as_str() {
            "ping" | "endSessions" | "commitTransaction" | "abortTransaction" | "create" | "drop"
            | "dropDatabase" => doc! { "ok": 1.0 },
            "buildInfo" | "buildinfo" => {
                doc! { "version": "8.0.0", "versionArray": [8, 0, 0, 0], "ok": 1.0 }
            }
            "insert" => doc! { "n": length(body, "documents"), "ok": 1.0 },
            "update" => {
                let n = length(body, "updates");
                doc! { "n": n, "nModified": n, "ok": 1.0 }
            }
            "delete" => doc! { "n": length(body, "deletes"), "ok": 1.0 },
            "bulkWrite" => self.bulk_write(command),
            "find" => self.find(command),
            "aggregate" => self.aggregate(command),
            "getMore" => self.get_more(command),
            "killCursors" => self.kill_cursors(body),
            name => doc! {
                "ok": 0.0,
                "errmsg": format!("no such command: '{name}'"),
                "code": 59,
                "codeName": "CommandNotFound",
            },
        }
    }

    fn find(&mut self, command: &CommandRecord) -> Document {
        let body = &command.body;
        let mut documents = self.documents.clone();
        if let Some(limit) = number(body, "limit").filter(|limit| *limit > 0) {
            documents.truncate(usize::try_from(limit).expect("positive"));
        }
        let single = body.get_bool("singleBatch").unwrap_or(false);
        self.open(command, documents, number(body, "batchSize"), single)
    }

    fn aggregate(&mut self, command: &CommandRecord) -> Document {
        let size = match command.body.get("cursor") {
            Some(Bson::Document(cursor)) => number(cursor, "batchSize"),
            _ => None,
        };
        self.open(command, self.documents.clone(), size, false)
    }

    /// All is done, to one document each; what it says of each is the documents of a cursor.
    fn bulk_write(&mut self, command: &CommandRecord) -> Document {
        let body = &command.body;
        let inserts = |operation: &&Bson| operation.as_document().is_some_and(|it| it.contains_key("insert"));
        let operations = body.get_array("ops").map_or(&[][..], Vec::as_slice);
        let inserted = length_of(operations.iter().filter(inserts).count());
        let all = length_of(operations.len());
        let told = if body.get_bool("errorsOnly").unwrap_or(false) { 0 } else { all };
        let entries = (0..told).map(|index| doc! { "ok": 1.0, "idx": index, "n": 1 }).collect();
        let size = body.get_document("cursor").ok().and_then(|cursor| number(cursor, "batchSize"));
        let mut reply = self.open(command, entries, size, false);
        reply.extend(doc! {
            "nErrors": 0, "nInserted": inserted, "nUpserted": 0, "nMatched": all - inserted,
            "nModified": all - inserted, "nDeleted": 0,
        });
        reply
    }

    fn open(
        &mut self,
        command: &CommandRecord,
        mut batch: Vec<Document>,
        size: Option<i64>,
        single: bool,
    ) -> Document {
        let collection = command.body.get_str(&command.name);
        let collection = collection.unwrap_or("$cmd.aggregate");
        let namespace = format!("{}.{collection}", command.database);
        let rest = split(&mut batch, size.or(Some(FIRST_BATCH as i64)));
        let mut id = 0;
        if !rest.is_empty() && !single {
            self.last_id += 1;
            id = self.last_id;
            let namespace = namespace.clone();
            self.cursors.insert(id, OpenCursor { namespace, rest });
        }
        doc! { "cursor": { "firstBatch": batch, "id": id, "ns": namespace }, "ok": 1.0 }
    }

    fn get_more(&mut self, command: &CommandRecord) -> Document {
        let id = number(&command.body, "getMore").unwrap_or(0);
        let Some(OpenCursor { namespace, mut rest }) = self.cursors.remove(&id) else {
            return doc! {
                "ok": 0.0,
                "errmsg": format!("cursor id {id} not found"),
                "code": 43,
                "codeName": "CursorNotFound",
            };
        };
        let size = number(&command.body, "batchSize").filter(|size| *size > 0);
        let remaining = split(&mut rest, size);
        let batch = rest;
        let next = if remaining.is_empty() { 0 } else { id };
        if next != 0 {
            let cursor = OpenCursor { namespace: namespace.clone(), rest: remaining };
            self.cursors.insert(id, cursor);
        }
        doc! { "cursor": { "nextBatch": batch, "id": next, "ns": namespace }, "ok": 1.0 }
    }

    fn kill_cursors(&mut self, body: &Document) -> Document {
        let (mut killed, mut unknown) = (Vec::new(), Vec::new());
        for id in body.get_array("cursors").into_iter().flatten() {
            let known = id.as_i64().and_then(|id| self.cursors.remove(&id));
            match known {
                Some(_) => killed.push(id.clone()),
                None => unknown.push(id.clone()),
            }
        }
        doc! {
            "cursorsKilled": killed,
            "cursorsNotFound": unknown,
            "cursorsAlive": [],
            "cursorsUnknown": [],
            "ok": 1.0,
        }
    }
}

/// Leaves at most `size` documents (all if `None`) and returns the others.
fn split(documents: &mut Vec<Document>, size: Option<i64>) -> Vec<Document> {
    let size = size.map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(0));
    documents.split_off(size.min(documents.len()))
}

fn length(body: &Document, key: &str) -> i32 {
    let length = body.get_array(key).map_or(0, Vec::len);
    length_of(length)
}

fn length_of(items: usize) -> i32 {
    i32::try_from(items).expect("short batches")
}

fn number(body: &Document, key: &str) -> Option<i64> {
    match body.get(key) {
        Some(Bson::Int32(value)) => Some(i64::from(*value)),
        Some(Bson::Int64(value)) => Some(*value),
        _ => None,
    }
}
