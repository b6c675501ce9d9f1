//! The optional elements of a command, as builders collect them. Plain data.

use std::time::Duration;

use bson::RawDocumentBuf;

use crate::command::codec::written;
use crate::pool::Limits;
use crate::wire::ElementWriter;

/// Optional elements of a command, each a document of one element. Empty for most calls,
/// and then without memory of its own.
#[derive(Clone, Debug, Default)]
pub struct Options(Vec<(&'static str, RawDocumentBuf)>);

impl Options {
    /// Appends all of them to a command.
    pub fn write(&self, command: &mut ElementWriter<'_>) {
        for (_, field) in &self.0 {
            command.splice(field);
        }
    }

    /// Appends those that a server of these limits may be sent.
    pub fn write_for(&self, limits: &Limits, command: &mut ElementWriter<'_>) {
        for (_, field) in self.0.iter().filter(|(name, _)| is_known(name, limits)) {
            command.splice(field);
        }
    }

    /// Bytes that they add to a command for a server of these limits.
    pub fn spliced_size(&self, limits: &Limits) -> usize {
        let known = self.0.iter().filter(|(name, _)| is_known(name, limits));
        known.map(|(_, field)| field.as_bytes().len() - EMPTY_DOCUMENT).sum()
    }

    /// Bytes that they need.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(_, field)| field.as_bytes().len()).sum()
    }

    /// The option of this name, as a document of one element.
    pub fn get(&self, key: &str) -> Option<&RawDocumentBuf> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, field)| field)
    }

    /// Takes the options of these names out.
    pub fn split_off(&mut self, keys: &[&str]) -> Self {
        Self(self.0.extract_if(.., |(name, _)| keys.contains(name)).collect())
    }

    /// Sets an option, which is a document of this one element. A later one wins.
    pub fn replace(&mut self, key: &'static str, field: RawDocumentBuf) {
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, present)) => *present = field,
            None => self.0.push((key, field)),
        }
    }

    /// Adds an embedded document whose elements `write` appends, unless it is there.
    pub fn add_with(&mut self, key: &'static str, write: impl FnOnce(&mut ElementWriter<'_>)) {
        if self.get(key).is_some() {
            return;
        }
        self.0.push((
            key,
            written(|field| {
                field.document_with(key, write);
            }),
        ));
    }
}

/// An option of MongoDB's own tools, which servers before 8.2 must not be sent.
const RAW_DATA: &str = "rawData";
const KNOWS_RAW_DATA: i32 = 27;

/// What a document has around its elements.
const EMPTY_DOCUMENT: usize = 5;

fn is_known(option: &str, limits: &Limits) -> bool {
    option != RAW_DATA || limits.max_wire_version >= KNOWS_RAW_DATA
}

/// In milliseconds, rounded up: the rest of one must not become 0, which is no limit.
pub fn whole_millis(limit: Duration) -> i64 {
    i64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use bson::{Document, rawdoc};

    use super::*;

    fn options() -> Options {
        let mut options = Options::default();
        options.replace("hint", rawdoc! { "hint": "a" });
        options.replace("rawData", rawdoc! { "rawData": true });
        options
    }

    fn keys(write: impl FnOnce(&mut ElementWriter<'_>)) -> Vec<String> {
        Document::try_from(written(write)).unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_later_of_two_wins_unless_it_only_joins() {
        let mut options = options();
        options.replace("hint", rawdoc! { "hint": "b" });
        options.add_with("hint", |_| {});
        options.add_with("writeConcern", |concern| {
            concern.i32("w", 1);
        });
        assert_eq!(options.get("hint"), Some(&rawdoc! { "hint": "b" }));
        assert_eq!(options.get("writeConcern"), Some(&rawdoc! { "writeConcern": { "w": 1 } }));
        let statement = options.split_off(&["hint", "none"]);
        assert_eq!(keys(|elements| statement.write(elements)), ["hint"]);
        assert_eq!(keys(|elements| options.write(elements)), ["rawData", "writeConcern"]);
    }

    #[test]
    fn older_servers_are_sent_no_raw_data() {
        let limits = |max_wire_version| Limits { max_wire_version, ..Limits::default() };
        let options = options();
        assert_eq!(keys(|elements| options.write_for(&limits(26), elements)), ["hint"]);
        assert_eq!(keys(|elements| options.write_for(&limits(27), elements)), ["hint", "rawData"]);
    }

    #[test]
    fn a_part_of_a_millisecond_is_no_limit_of_zero() {
        assert_eq!(whole_millis(Duration::ZERO), 0);
        assert_eq!(whole_millis(Duration::from_nanos(1)), 1);
        assert_eq!(whole_millis(Duration::from_millis(5)), 5);
        assert_eq!(whole_millis(Duration::MAX), i64::MAX);
    }
}
