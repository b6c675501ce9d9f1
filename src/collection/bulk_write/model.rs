//! One write among others: encoded once, when it is made, and written into either kind of
//! command from what was encoded. Plain data.

use bson::{Bson, RawDocument, RawDocumentBuf};
use serde::Serialize;

use crate::collection::documents;
use crate::collection::draft::Options;
use crate::collection::fields::about;
use crate::collection::statement::{Change, DeleteStatement, UpdateStatement};
use crate::command::codec::{encode, encode_field, not_encoded};
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::wire::ElementWriter;

/// One write of a bulk write; see [`Collection::bulk_write`](crate::Collection::bulk_write)
/// and [`Connection::bulk_write`](crate::Connection::bulk_write).
///
/// Arguments are encoded here and now. One that can't be, or an option that this kind of
/// write does not have, is the error of the bulk write, which then sends nothing.
#[derive(Clone, Debug)]
#[must_use = "a model does nothing by itself"]
pub struct WriteModel {
    name: &'static str,
    action: Action,
    error: Option<Error>,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// The document, and its `_id`.
    Insert(RawDocumentBuf, Bson),
    Update(UpdateStatement),
    Delete(DeleteStatement),
}

/// The commands by which servers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Command {
    Insert,
    Update,
    Delete,
}

const INSERT_ONE: &str = "insert_one";
const UPDATE_ONE: &str = "update_one";
const UPDATE_MANY: &str = "update_many";
const REPLACE_ONE: &str = "replace_one";

impl WriteModel {
    /// Inserts a document. One without `_id` is given an `ObjectId`, in front.
    pub fn insert_one(document: impl Serialize) -> Self {
        let mut bytes = Vec::new();
        let inserted = documents::append(&document, &mut bytes)
            .and_then(|id| Ok((RawDocumentBuf::from_bytes(bytes).map_err(not_encoded)?, id)));
        let (inserted, error) = split(inserted, "document");
        let (document, id) = inserted.unwrap_or_default();
        Self { name: INSERT_ONE, action: Action::Insert(document, id), error }
    }

    /// Changes the first document that matches. `update` is a document of update operators
    /// (`{"$set": {..}}`), or an aggregation pipeline (a list of documents).
    pub fn update_one(filter: impl Serialize, update: impl Serialize) -> Self {
        Self::update(UPDATE_ONE, filter, Change::update(&update))
    }

    /// Changes all documents that match. A command that holds one such is never sent twice:
    /// servers can't tell a second attempt from a second update of many.
    pub fn update_many(filter: impl Serialize, update: impl Serialize) -> Self {
        Self::update(UPDATE_MANY, filter, Change::update(&update))
    }

    /// Puts a document in the place of the first that matches.
    pub fn replace_one(filter: impl Serialize, replacement: impl Serialize) -> Self {
        Self::update(REPLACE_ONE, filter, Change::replacement(&replacement))
    }

    /// Deletes the first document that matches.
    pub fn delete_one(filter: impl Serialize) -> Self {
        Self::delete("delete_one", filter, false)
    }

    /// Deletes all documents that match. A command that holds one such is never sent twice.
    pub fn delete_many(filter: impl Serialize) -> Self {
        Self::delete("delete_many", filter, true)
    }

    /// Whether a document is inserted if none matches. Of updates and replacements.
    pub fn upsert(self, upsert: bool) -> Self {
        self.set("upsert", encode_field("upsert", &upsert), &[UPDATE_ONE, UPDATE_MANY, REPLACE_ONE])
    }

    /// Which array elements the update's `$[name]` refer to: a list of filters. Of updates.
    pub fn array_filters(self, filters: impl Serialize) -> Self {
        self.set("arrayFilters", encode_field("arrayFilters", &filters), &[UPDATE_ONE, UPDATE_MANY])
    }

    /// Which of the documents that match is the first (servers from 8.0). Of `update_one`
    /// and `replace_one`.
    pub fn sort(self, sort: impl Serialize) -> Self {
        let field = encode(&sort).and_then(|sort| encode_field("sort", &sort));
        self.set("sort", field, &[UPDATE_ONE, REPLACE_ONE])
    }

    /// The index to use: its name, or its keys. Of all but insertions.
    pub fn hint(self, hint: impl Serialize) -> Self {
        self.set("hint", encode_field("hint", &hint), &ALL_WITH_FILTERS)
    }

    /// How strings are compared. Of all but insertions.
    pub fn collation(self, collation: impl Serialize) -> Self {
        let field = encode(&collation).and_then(|collation| encode_field("collation", &collation));
        self.set("collation", field, &ALL_WITH_FILTERS)
    }

    fn update(name: &'static str, filter: impl Serialize, change: Result<Change>) -> Self {
        let (filter, unencoded) = split(encode(&filter), "filter");
        let (change, refused) = split(change, if name == REPLACE_ONE { "replacement" } else { "update" });
        let statement = UpdateStatement {
            filter: filter.unwrap_or_default(),
            change: change.unwrap_or_default(),
            many: name == UPDATE_MANY,
            options: Options::default(),
        };
        Self { name, action: Action::Update(statement), error: unencoded.or(refused) }
    }

    fn delete(name: &'static str, filter: impl Serialize, many: bool) -> Self {
        let (filter, error) = split(encode(&filter), "filter");
        let filter = filter.unwrap_or_default();
        let statement = DeleteStatement { filter, many, options: Options::default() };
        Self { name, action: Action::Delete(statement), error }
    }

    fn set(mut self, key: &'static str, field: Result<RawDocumentBuf>, takers: &[&str]) -> Self {
        let name = self.name;
        let options = match &mut self.action {
            Action::Update(update) if takers.contains(&name) => Some(&mut update.options),
            Action::Delete(delete) if takers.contains(&name) => Some(&mut delete.options),
            _ => None,
        };
        let done = match (options, split(field, key)) {
            (Some(options), (Some(field), None)) => {
                options.replace(key, field);
                None
            }
            (Some(_), (_, error)) => error,
            (None, _) => Some(Error::new(Kind::InvalidArgument, format!("{name} has no option {key}"))),
        };
        self.error = self.error.or(done);
        self
    }

    /// Why it can't be sent.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    pub(super) fn action(&self) -> &Action {
        &self.action
    }

    /// The command that it is part of.
    pub(super) fn command(&self) -> Command {
        match &self.action {
            Action::Insert(..) => Command::Insert,
            Action::Update(_) => Command::Update,
            Action::Delete(_) => Command::Delete,
        }
    }

    /// Whether it may concern more than one document: then it can't be repeated.
    pub(super) fn is_of_many(&self) -> bool {
        match &self.action {
            Action::Insert(..) => false,
            Action::Update(update) => update.many,
            Action::Delete(delete) => delete.many,
        }
    }

    /// Whether it is a deletion with a hint, which some servers do not know.
    pub(super) fn is_hinted_deletion(&self) -> bool {
        matches!(&self.action, Action::Delete(delete) if delete.options.get("hint").is_some())
    }

    /// Bytes that it needs at most as a statement of a command of its kind.
    pub(crate) fn statement_size(&self) -> usize {
        match &self.action {
            Action::Insert(document, _) => size(document),
            Action::Update(update) => update.size(),
            Action::Delete(delete) => delete.size(),
        }
    }

    /// Appends it as a statement of a command of its kind.
    pub(super) fn write_statement(&self, list: &mut Vec<u8>) {
        match &self.action {
            Action::Insert(document, _) => list.extend_from_slice(document.as_bytes()),
            Action::Update(update) => append_document(list, |statement| update.write(statement)),
            Action::Delete(delete) => append_document(list, |statement| delete.write(statement)),
        }
    }

    /// Bytes that it needs exactly among the `ops` of the command `bulkWrite`.
    pub(super) fn op_size(&self, limits: &Limits) -> usize {
        AROUND_OP
            + match &self.action {
                Action::Insert(document, _) => DOCUMENT + size(document),
                Action::Update(update) => {
                    let options = update.options.spliced_size(limits);
                    FILTER + size(&update.filter) + UPDATE_MODS + update.change.value_size() + MULTI + options
                }
                Action::Delete(delete) => {
                    FILTER + size(&delete.filter) + MULTI + delete.options.spliced_size(limits)
                }
            }
    }

    /// Appends it as one of the `ops` of the command `bulkWrite`.
    pub(super) fn write_op(&self, namespace: i32, list: &mut Vec<u8>) {
        append_document(list, |op| match &self.action {
            Action::Insert(document, _) => {
                op.i32("insert", namespace).document("document", document);
            }
            Action::Update(update) => {
                op.i32("update", namespace).document("filter", &update.filter);
                update.change.write_as("updateMods", op);
                op.bool("multi", update.many);
                update.options.write(op);
            }
            Action::Delete(delete) => {
                op.i32("delete", namespace).document("filter", &delete.filter).bool("multi", delete.many);
                delete.options.write(op);
            }
        });
    }
}

impl Command {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// What its list of statements is called.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Insert => "documents",
            Self::Update => "updates",
            Self::Delete => "deletes",
        }
    }
}

const ALL_WITH_FILTERS: [&str; 5] = [UPDATE_ONE, UPDATE_MANY, REPLACE_ONE, "delete_one", "delete_many"];
/// Length and closing zero of one of the `ops`; type, key and value of its first element.
/// `insert`, `update` and `delete` are equally long.
const AROUND_OP: usize = 4 + 1 + "\x10insert\0".len() + 4;
const DOCUMENT: usize = "\x03document\0".len();
const FILTER: usize = "\x03filter\0".len();
const UPDATE_MODS: usize = "\x03updateMods\0".len();
const MULTI: usize = "\x08multi\0".len() + 1;

fn size(document: &RawDocument) -> usize {
    document.as_bytes().len()
}

/// Appends a whole document whose elements `write` appends.
pub(super) fn append_document(list: &mut Vec<u8>, write: impl FnOnce(&mut ElementWriter<'_>)) {
    let start = list.len();
    list.extend_from_slice(&[0; 4]);
    write(&mut ElementWriter::new(list));
    list.push(0);
    let length = (list.len() - start) as i32;
    list[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// A value or an error, which says what it concerns.
fn split<V>(value: Result<V>, what: &str) -> (Option<V>, Option<Error>) {
    match value {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(about(error, what))),
    }
}

#[cfg(test)]
mod tests;
