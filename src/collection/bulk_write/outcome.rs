//! What the commands of a bulk write did, put together for the caller. Plain.

use std::fmt::Write;
use std::ops::RangeInclusive;

use bson::{Bson, RawDocument};

use super::model::{Action, WriteModel};
use crate::error::{
    BulkWriteFailure, BulkWriteResult, Error, Kind, OperationResult, Result, WriteConcernError, WriteError,
    WriteFailure,
};

/// What is known so far. All indexes are those of the caller's list.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done.
    pub result: BulkWriteResult,
    /// The operations that were refused.
    pub write_errors: Vec<WriteError>,
    /// The write concerns that were not met.
    pub concern_errors: Vec<WriteConcernError>,
    /// Whether a failure has a partial result.
    pub partial: bool,
    labels: Vec<String>,
    server: Option<String>,
    response: Option<bson::RawDocumentBuf>,
    /// The error that told first.
    first: Option<Error>,
    /// How often the command of the first failure was sent, where no error tells.
    attempts: Option<u32>,
}

impl Outcome {
    /// Nothing was done yet.
    pub fn new(acknowledged: bool, verbose: bool) -> Self {
        let verbose_results = verbose.then(Default::default);
        let result = BulkWriteResult { acknowledged, verbose_results, ..BulkWriteResult::default() };
        Self { result, ..Self::default() }
    }

    /// An insertion was done.
    pub fn inserted(&mut self, index: usize, model: &WriteModel) {
        if let Action::Insert(_, id) = model.action() {
            self.result.inserted_ids.insert(index, id.clone());
            self.detail(index, || OperationResult::Insert { inserted_id: id.clone() });
        }
    }

    /// An update inserted a document.
    pub fn upserted(&mut self, index: usize, id: Bson) {
        self.result.upserted_ids.insert(index, id);
    }

    /// What one operation did, if the caller wants to know that.
    pub fn detail(&mut self, index: usize, result: impl FnOnce() -> OperationResult) {
        if let Some(results) = &mut self.result.verbose_results {
            results.insert(index, result());
        }
    }

    /// What the failure's error shows: labels and the like of the first that told of one.
    pub fn told(&mut self, labels: impl IntoIterator<Item: Into<String>>, server: &str) {
        if self.server.is_none() {
            self.labels = labels.into_iter().map(Into::into).collect();
            self.server = Some(server.to_owned());
        }
    }

    /// A command over many collections told of it, which was sent so often.
    pub fn told_over_many(&mut self, labels: Vec<String>, server: &str, attempts: u32) {
        self.attempts.get_or_insert(attempts);
        self.told(labels, server);
    }

    /// The same, and the reply that told of it.
    pub fn told_by(&mut self, error: &Error) {
        if self.server.is_none() {
            self.response = error.server_response().cloned();
            self.first = Some(error.clone());
        }
        self.told(error.labels(), error.server().unwrap_or_default());
    }

    /// All commands were sent, or the last that may be.
    pub fn end(mut self, operations: usize) -> Result<BulkWriteResult> {
        if self.write_errors.is_empty() && self.concern_errors.is_empty() {
            return Ok(self.result);
        }
        self.write_errors.sort_by_key(|refused| refused.index);
        let sentence = sentence(&self.write_errors, &self.concern_errors, operations);
        let mut error = Error::new(Kind::Write, sentence).with_operation("bulkWrite");
        for label in &self.labels {
            error = error.with_label(label);
        }
        if let Some(server) = self.server.as_deref().filter(|server| !server.is_empty()) {
            error = error.with_server(server);
        }
        match (self.first.take(), self.attempts) {
            (Some(first), _) => error = error.with_call_of(&first),
            (None, Some(attempts)) => error = error.with_call("admin", None, attempts),
            (None, None) => {}
        }
        if let Some(response) = self.response.take() {
            error = error.with_response(response);
        }
        Err(self.embed(error))
    }

    /// An error ended the whole; what was done before is told with it.
    pub fn broken_off(mut self, error: Error) -> Error {
        let unmet = error.write_failure().and_then(|failure| failure.write_concern_error.clone());
        self.concern_errors.extend(unmet);
        if !self.partial && self.write_errors.is_empty() && self.concern_errors.is_empty() {
            return error;
        }
        self.write_errors.sort_by_key(|refused| refused.index);
        self.embed(error)
    }

    fn embed(self, error: Error) -> Error {
        let failure = WriteFailure {
            completed: self.result.completed(),
            write_concern_error: self.concern_errors.first().cloned(),
            write_errors: self.write_errors,
        };
        let bulk = BulkWriteFailure {
            write_concern_errors: self.concern_errors,
            partial_result: self.partial.then_some(self.result),
        };
        error.with_write_failure(failure).with_bulk_write_failure(bulk)
    }
}

/// Operations that a sentence tells the server's words of, and ranges of them that it names.
const TOLD: usize = 5;
const NAMED: usize = 50;

fn sentence(refused: &[WriteError], concerns: &[WriteConcernError], operations: usize) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    if !refused.is_empty() {
        let _ = write!(text, "{} of {operations} operations refused", refused.len());
    }
    for WriteError { index, code, message, .. } in refused.iter().take(TOLD) {
        let _ = write!(text, "; operation {index}: {message} (code {code})");
    }
    let rest = ranges(refused.iter().skip(TOLD).map(|refused| refused.index));
    for (place, range) in rest.iter().take(NAMED).enumerate() {
        let (first, last) = (range.start(), range.end());
        let _ = write!(text, "{}{first}", if place == 0 { "; and the operations " } else { ", " });
        if first != last {
            let _ = write!(text, "-{last}");
        }
    }
    if rest.len() > NAMED {
        let _ = write!(text, " and more");
    }
    for WriteConcernError { code, message, .. } in concerns.iter().take(TOLD) {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{separator}the write concern was not met: {message} (code {code})");
    }
    text
}

/// Numbers in order, those that follow each other together.
fn ranges(numbers: impl Iterator<Item = usize>) -> Vec<RangeInclusive<usize>> {
    let mut ranges: Vec<RangeInclusive<usize>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end() + 1 == number => *last = *last.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    ranges
}

/// The `_id` in an entry of `upserted`, or in the document itself.
pub fn id_in(upserted: &RawDocument) -> Option<Bson> {
    Bson::try_from(upserted.get("_id").ok()??).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(index: usize) -> WriteError {
        WriteError::new(index, 11000, format!("E{index}"))
    }

    #[test]
    fn the_sentence_names_every_operation() {
        let errors: Vec<_> = [1, 3].into_iter().map(refused).collect();
        assert_eq!(
            sentence(&errors, &[], 4),
            "2 of 4 operations refused; operation 1: E1 (code 11000); operation 3: E3 (code 11000)"
        );
        let errors: Vec<_> = (0..9).chain([12, 20, 21]).map(refused).collect();
        let text = sentence(&errors, &[], 30);
        assert!(text.ends_with("operation 4: E4 (code 11000); and the operations 5-8, 12, 20-21"), "{text}");
        let concern = WriteConcernError::new(64, "WriteConcernFailed", "too slow");
        assert_eq!(sentence(&[], &[concern], 4), "the write concern was not met: too slow (code 64)");
        let errors: Vec<_> = (0..1000).step_by(2).map(refused).collect();
        let text = sentence(&errors, &[], 1000);
        assert!(text.len() < 1000 && text.ends_with(" and more"), "{text}");
    }

    #[test]
    fn errors_come_in_the_order_of_the_list_and_with_what_was_done() {
        let mut outcome = Outcome::new(true, false);
        outcome.partial = true;
        outcome.result.inserted_count = 2;
        outcome.result.deleted_count = 1;
        outcome.write_errors = vec![refused(7), refused(2)];
        outcome.told(["A"], "h:1");
        outcome.told(["B"], "h:2");
        let error = outcome.end(9).unwrap_err();
        let failure = error.write_failure().unwrap();
        assert_eq!(failure.write_errors.iter().map(|e| e.index).collect::<Vec<_>>(), [2, 7]);
        assert_eq!(
            (failure.completed, error.labels(), error.server()),
            (3, &["A".to_owned()][..], Some("h:1"))
        );
        let partial = error.bulk_write_failure().unwrap().partial_result.as_ref().unwrap();
        assert_eq!((partial.inserted_count, partial.deleted_count), (2, 1));
        assert!(error.is_duplicate_key());
    }

    #[test]
    fn an_error_that_ends_the_whole_stays_what_it_is() {
        let broken = || Error::new(Kind::AutoReconnect, "gone");
        assert!(Outcome::new(true, false).broken_off(broken()).bulk_write_failure().is_none());
        let mut outcome = Outcome::new(true, false);
        outcome.write_errors.push(refused(0));
        let error = outcome.broken_off(broken());
        assert_eq!(error.kind(), Kind::AutoReconnect);
        assert_eq!(error.bulk_write_failure().unwrap().partial_result, None);
        assert_eq!(error.write_failure().unwrap().write_errors.len(), 1);
    }
}
