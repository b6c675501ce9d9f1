//! The statements of `update` and `delete`: what is written for one filter, in a command
//! of its own or among others of a bulk write. Plain data; the verbs send it.

use bson::raw::RawBsonRef;
use bson::{RawArray, RawDocument, RawDocumentBuf};
use serde::Serialize;

use super::draft::Draft;
use super::options::Options;
use crate::command::codec::encode_field;
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::wire::ElementWriter;

/// One statement of an `update` command.
#[derive(Clone, Debug)]
pub struct UpdateStatement {
    /// Which documents.
    pub filter: RawDocumentBuf,
    /// What becomes of them.
    pub change: Change,
    /// All that match, not the first only.
    pub many: bool,
    /// Those of [`UPDATE_OPTIONS`] that were set.
    pub options: Options,
}

/// One statement of a `delete` command.
#[derive(Clone, Debug)]
pub struct DeleteStatement {
    /// Which documents.
    pub filter: RawDocumentBuf,
    /// All that match, not the first only.
    pub many: bool,
    /// Those of [`DELETE_OPTIONS`] that were set.
    pub options: Options,
}

/// What an update does: a document of operators, a pipeline, or a replacement.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// `{u: ..}`: a document or an array.
    field: RawDocumentBuf,
}

/// Options that stand in an update's statement, and not in the command.
pub const UPDATE_OPTIONS: [&str; 5] = ["upsert", "arrayFilters", "sort", "hint", "collation"];
/// Options that stand in a deletion's statement, and not in the command.
pub const DELETE_OPTIONS: [&str; 2] = ["hint", "collation"];

impl UpdateStatement {
    /// Appends `q`, `u` and what else was set.
    pub fn write(&self, statement: &mut ElementWriter<'_>) {
        statement.document("q", &self.filter).splice(&self.change.field);
        if self.many {
            statement.bool("multi", true);
        }
        self.options.write(statement);
    }

    /// Bytes that it needs.
    pub fn size(&self) -> usize {
        OVERHEAD + self.filter.as_bytes().len() + self.change.size() + self.options.size()
    }
}

impl DeleteStatement {
    /// Appends `q`, `limit` and what else was set.
    pub fn write(&self, statement: &mut ElementWriter<'_>) {
        statement.document("q", &self.filter).i32("limit", i32::from(!self.many));
        self.options.write(statement);
    }

    /// Bytes that it needs.
    pub fn size(&self) -> usize {
        OVERHEAD + self.filter.as_bytes().len() + self.options.size()
    }
}

impl Change {
    /// An update: operators, or a pipeline. Fails with [`Kind::InvalidArgument`] if it is
    /// neither.
    pub fn update(update: &impl Serialize) -> Result<Self> {
        let field = encode_field(KEY, update)?;
        objection_to_update(&field).map_or(Ok(Self { field }), invalid)
    }

    /// A whole document. Fails with [`Kind::InvalidArgument`] if it begins with an
    /// operator.
    pub fn replacement(document: &impl Serialize) -> Result<Self> {
        let field = encode_field(KEY, document)?;
        objection_to_replacement(&field).map_or(Ok(Self { field }), invalid)
    }

    /// Appends it under a name; that of statements is `u`, that of other commands another.
    pub fn write_as(&self, key: &str, elements: &mut ElementWriter<'_>) {
        match self.field.get(KEY) {
            Ok(Some(RawBsonRef::Document(document))) => elements.document(key, document),
            Ok(Some(RawBsonRef::Array(stages))) => elements.array(key, stages),
            // The constructors let nothing else in, but for the empty default, which stands
            // for what could not be encoded and is never sent.
            _ => elements,
        };
    }

    /// Bytes that it needs.
    pub fn size(&self) -> usize {
        self.field.as_bytes().len()
    }

    /// Bytes of the document or array alone.
    pub fn value_size(&self) -> usize {
        // Behind its length, type and key, before the closing zero.
        self.size().saturating_sub(4 + 1 + 2 + 1)
    }
}

impl Draft {
    /// An update, or an empty one and the call's failure.
    pub fn update(&mut self, update: &impl Serialize) -> Change {
        self.admit(Change::update(update), "the update").unwrap_or_default()
    }

    /// A replacement, or an empty one and the call's failure.
    pub fn replacement(&mut self, document: &impl Serialize) -> Change {
        self.admit(Change::replacement(document), "replacement").unwrap_or_default()
    }
}

/// Fails if a hint would be passed over without a word: servers before 4.4 have none for
/// deletions and `findAndModify`, and a write that is not acknowledged has no reply to say so
/// (CRUD specification).
pub fn check_hint(hinted: bool, acknowledged: bool, limits: &Limits) -> Result<()> {
    if !hinted || acknowledged || limits.max_wire_version >= HINTS {
        return Ok(());
    }
    let sentence = "this server (before 4.4) takes no hint here, and could not say so: \
        the write concern asks for no answer. Leave the hint out, or have the write acknowledged";
    Err(Error::new(Kind::InvalidArgument, sentence))
}

/// The wire version of servers that take a hint in `delete` and `findAndModify`.
const HINTS: i32 = 9;
/// `q`, `limit` or `multi`, and the embedded document's own bytes.
const OVERHEAD: usize = 32;
const KEY: &str = "u";

fn invalid(sentence: &'static str) -> Result<Change> {
    Err(Error::new(Kind::InvalidArgument, sentence))
}

/// Whether the first key is an operator; none if there is no key.
fn begins_with_operator(document: &RawDocument) -> Option<bool> {
    Some(document.iter().next()?.ok()?.0.as_str().starts_with('$'))
}

fn objection_to_update(field: &RawDocument) -> Option<&'static str> {
    if let Ok(document) = field.get_document(KEY) {
        return match begins_with_operator(document) {
            Some(true) => None,
            Some(false) => Some(
                "an update's keys are operators such as $set; to replace the whole document, use a replacement",
            ),
            None => Some("an update needs at least one operator such as $set"),
        };
    }
    let is_stages =
        |stages: &RawArray| stages.into_iter().all(|stage| stage.is_ok_and(|s| s.as_document().is_some()));
    match field.get_array(KEY) {
        Ok(stages) if is_stages(stages) => None,
        _ => Some("an update is a document of operators, or a list of pipeline stages"),
    }
}

fn objection_to_replacement(field: &RawDocument) -> Option<&'static str> {
    let Ok(document) = field.get_document(KEY) else {
        return Some("a replacement is a document");
    };
    (begins_with_operator(document) == Some(true)).then_some(
        "a replacement is a whole document and must not begin with an operator; to change fields, use an update",
    )
}

#[cfg(test)]
mod tests {
    use bson::{Bson, Document, bson, doc};

    use super::*;
    use crate::command::codec::{self, encode};

    fn written(write: impl FnOnce(&mut ElementWriter<'_>)) -> Document {
        Document::try_from(codec::written(write)).unwrap()
    }

    #[test]
    fn only_operators_and_pipelines_are_updates() {
        let kind = |update: Bson| Change::update(&update).map_err(|error| error.kind()).err();
        assert_eq!(kind(bson!({ "$set": { "a": 1 } })), None);
        assert_eq!(kind(bson!([{ "$set": { "a": 1 } }, { "$unset": "b" }])), None);
        assert_eq!(kind(bson!([])), None);
        for update in [bson!({ "a": 1 }), bson!({}), bson!([1]), bson!("x"), bson!({ "a": { "$set": 1 } })] {
            assert_eq!(kind(update), Some(Kind::InvalidArgument));
        }
    }

    #[test]
    fn only_whole_documents_are_replacements() {
        let kind = |document: Bson| Change::replacement(&document).map_err(|error| error.kind()).err();
        for document in [bson!({ "a": 1 }), bson!({}), bson!({ "a": 1, "$b": 2 })] {
            assert_eq!(kind(document), None);
        }
        for document in [bson!({ "$set": { "a": 1 } }), bson!([{ "a": 1 }]), bson!(5)] {
            assert_eq!(kind(document), Some(Kind::InvalidArgument));
        }
    }

    #[test]
    fn statements_are_written_with_all_that_was_set() {
        let filter = encode(&doc! { "_id": 1 }).unwrap();
        let change = Change::update(&doc! { "$set": { "a": 1 } }).unwrap();
        let options = Options::default();
        let mut update = UpdateStatement { filter: filter.clone(), change, many: false, options };
        let expected = doc! { "q": { "_id": 1 }, "u": { "$set": { "a": 1 } } };
        assert_eq!(written(|it| update.write(it)), expected);
        update.many = true;
        assert_eq!(written(|it| update.write(it)).get_bool("multi").ok(), Some(true));
        let stages = Change::update(&[doc! { "$unset": "a" }]).unwrap();
        assert_eq!(
            written(|it| stages.write_as("updateMods", it)),
            doc! { "updateMods": [{ "$unset": "a" }] }
        );
        let mut delete = DeleteStatement { filter, many: false, options: Options::default() };
        assert_eq!(written(|it| delete.write(it)), doc! { "q": { "_id": 1 }, "limit": 1 });
        delete.many = true;
        assert_eq!(written(|it| delete.write(it)), doc! { "q": { "_id": 1 }, "limit": 0 });
    }

    #[test]
    fn a_hint_that_an_old_server_could_not_refuse_is_refused_here() {
        let limits = |max_wire_version| Limits { max_wire_version, ..Limits::default() };
        check_hint(true, true, &limits(8)).unwrap();
        check_hint(false, false, &limits(8)).unwrap();
        check_hint(true, false, &limits(9)).unwrap();
        let error = check_hint(true, false, &limits(8)).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.to_string().contains("hint"), "{error}");
    }
}
