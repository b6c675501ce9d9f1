//! What servers answer to the command `bulkWrite`: the counts of its reply, and the entries
//! that come through its cursor. Plain.

use std::fmt;

use bson::{Bson, RawDocument, RawDocumentBuf};

use super::model::{Command, WriteModel};
use super::outcome::{Outcome, id_in};
use crate::command::reply::{self, unreadable};
use crate::error::{Error, OperationResult, Result, WriteConcernError, WriteError};
use crate::wire::ProtocolError;
use crate::wire::walk::{Element, Walk};

/// A reply, but for its cursor.
#[derive(Debug, Default)]
pub struct Summary {
    errors: u64,
    inserted: u64,
    upserted: u64,
    matched: u64,
    modified: u64,
    deleted: u64,
    /// The write concern that was not met, and the reply's error labels.
    pub unmet: Option<(WriteConcernError, Vec<String>)>,
}

/// What was done for one operation.
#[derive(Debug, Default)]
pub struct Entry {
    /// Its index in the command.
    pub index: usize,
    done: bool,
    code: i32,
    message: String,
    details: Option<RawDocumentBuf>,
    count: u64,
    modified: u64,
    upserted: Option<Bson>,
}

impl Summary {
    /// Reads a reply that says `ok`.
    pub fn parse(body: &RawDocument, server: &dyn fmt::Display) -> Result<Self> {
        let malformed = |error| unreadable(error, server);
        let mut summary = Self::default();
        for element in Walk::over(body) {
            let element = element.map_err(malformed)?;
            let place = match element.key {
                b"nErrors" => &mut summary.errors,
                b"nInserted" => &mut summary.inserted,
                b"nUpserted" => &mut summary.upserted,
                b"nMatched" => &mut summary.matched,
                b"nModified" => &mut summary.modified,
                b"nDeleted" => &mut summary.deleted,
                _ => continue,
            };
            *place = number(&element);
        }
        summary.unmet = reply::unmet_concern(body).map_err(malformed)?;
        Ok(summary)
    }

    /// Adds it to what is known; `operations` is how many the command held.
    pub fn add_to(&self, operations: usize, ordered: bool, outcome: &mut Outcome) {
        let result = &mut outcome.result;
        for (sum, count) in [
            (&mut result.inserted_count, self.inserted),
            (&mut result.upserted_count, self.upserted),
            (&mut result.matched_count, self.matched),
            (&mut result.modified_count, self.modified),
            (&mut result.deleted_count, self.deleted),
        ] {
            *sum = sum.saturating_add(count);
        }
        // In order, one error may mean that nothing was done: its entry says so.
        outcome.partial |= self.errors == 0 || (!ordered && self.errors < operations as u64);
    }
}

impl Entry {
    /// Reads a document of the cursor.
    pub fn parse(document: &RawDocument) -> Result<Self> {
        let (mut entry, mut index) = (Self::default(), None);
        for element in Walk::over(document) {
            let element = element?;
            match element.key {
                b"ok" => entry.done = element.is_truthy(),
                b"idx" => index = element.as_i64().and_then(|index| usize::try_from(index).ok()),
                b"code" => entry.code = element.as_i32().unwrap_or_default(),
                b"errmsg" => {
                    let message = element.as_string_bytes().unwrap_or_default();
                    entry.message = String::from_utf8_lossy(message).into_owned();
                }
                b"errInfo" => entry.details = element.as_document().map(ToOwned::to_owned),
                b"n" => entry.count = number(&element),
                b"nModified" => entry.modified = number(&element),
                b"upserted" => entry.upserted = element.as_document().and_then(id_in),
                _ => {}
            }
        }
        entry.index = index.ok_or(NO_INDEX)?;
        Ok(entry)
    }

    /// Adds it to what is known of this operation, whose index is now one of the caller's
    /// list. True if it was refused.
    pub fn add_to(self, index: usize, model: &WriteModel, ordered: bool, outcome: &mut Outcome) -> bool {
        if !self.done {
            // In order, those before it were done.
            outcome.partial |= ordered && self.index > 0;
            let mut refused = WriteError::new(index, self.code, self.message);
            refused.details = self.details;
            outcome.write_errors.push(refused);
            return true;
        }
        outcome.partial = true;
        match model.command() {
            Command::Insert => outcome.inserted(index, model),
            Command::Update => {
                if let Some(id) = &self.upserted {
                    outcome.upserted(index, id.clone());
                }
                outcome.detail(index, || OperationResult::Update {
                    matched_count: self.count,
                    modified_count: self.modified,
                    upserted_id: self.upserted,
                });
            }
            Command::Delete => {
                outcome.detail(index, || OperationResult::Delete { deleted_count: self.count });
            }
        }
        false
    }

    /// The error of an entry whose index is beyond its command.
    pub fn of_no_operation(&self) -> Error {
        Error::from(NO_INDEX)
    }
}

const NO_INDEX: ProtocolError =
    ProtocolError::Field { field: "cursor: idx", expected: "the index of an operation" };

fn number(element: &Element<'_>) -> u64 {
    element.as_i64().and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bson::{doc, rawdoc};

    use super::*;
    use crate::error::Kind;

    fn take(ordered: bool, entries: &[RawDocumentBuf]) -> Outcome {
        let mut outcome = Outcome::new(true, true);
        let models = [
            WriteModel::insert_one(doc! { "_id": 5 }),
            WriteModel::update_one(doc! {}, doc! { "$set": { "a": 1 } }),
            WriteModel::delete_one(doc! {}),
        ];
        for entry in entries {
            let entry = Entry::parse(entry).unwrap();
            let index = entry.index;
            entry.add_to(10 + index, &models[index], ordered, &mut outcome);
        }
        outcome
    }

    #[test]
    fn entries_become_results_by_what_the_operation_is() {
        let outcome = take(
            true,
            &[
                rawdoc! { "ok": 1.0, "idx": 0, "n": 1 },
                rawdoc! { "ok": 1.0, "idx": 1_i64, "n": 1, "nModified": 0, "upserted": { "_id": null } },
                rawdoc! { "ok": 1.0, "idx": 2.0, "n": 3 },
            ],
        );
        let results = outcome.result.verbose_results.as_ref().unwrap();
        assert_eq!(results[&10], OperationResult::Insert { inserted_id: Bson::Int32(5) });
        let upserted_id = Some(Bson::Null);
        assert_eq!(
            results[&11],
            OperationResult::Update { matched_count: 1, modified_count: 0, upserted_id }
        );
        assert_eq!(results[&12], OperationResult::Delete { deleted_count: 3 });
        assert_eq!(outcome.result.inserted_ids[&10], Bson::Int32(5));
        assert_eq!(outcome.result.upserted_ids[&11], Bson::Null);
        assert!(outcome.partial);
    }

    #[test]
    fn whether_something_was_done_is_told_by_the_refused_index_in_order_only() {
        let refused =
            |index| rawdoc! { "ok": 0.0, "idx": index, "code": 11000, "errmsg": "no", "errInfo": {} };
        for (ordered, index, partial) in
            [(true, 0, false), (true, 2, true), (false, 0, false), (false, 2, false)]
        {
            let outcome = take(ordered, &[refused(index)]);
            assert_eq!(outcome.partial, partial);
            let error = &outcome.write_errors[0];
            assert_eq!((error.index, error.code, error.message.as_str()), (10 + index as usize, 11000, "no"));
            assert!(error.details.is_some());
        }
    }

    #[test]
    fn counts_tell_whether_something_was_done() {
        for (errors, ordered, partial) in
            [(0, true, true), (1, true, false), (1, false, true), (2, false, false)]
        {
            let reply = rawdoc! { "nErrors": errors, "nInserted": 1, "nDeleted": -4, "nMatched": i64::MAX };
            let summary = Summary::parse(&reply, &"h:1").unwrap();
            let mut outcome = Outcome::new(true, false);
            summary.add_to(2, ordered, &mut outcome);
            summary.add_to(2, ordered, &mut outcome);
            summary.add_to(2, ordered, &mut outcome);
            assert_eq!(outcome.partial, partial);
            let result = &outcome.result;
            assert_eq!((result.inserted_count, result.deleted_count, result.matched_count), (3, 0, u64::MAX));
        }
    }

    #[test]
    fn an_entry_without_an_index_is_nonsense() {
        for entry in [rawdoc! { "ok": 1.0 }, rawdoc! { "idx": -1 }, rawdoc! { "idx": "x" }] {
            assert_eq!(Entry::parse(&entry).unwrap_err().kind(), Kind::Protocol);
        }
    }
}
