//! Read and write concerns (read and write concern specification).

use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::wire::ElementWriter;

/// How current and how durable the data must be that a read sees.
///
/// Levels that this driver does not know are sent as they are; the server judges them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReadConcern {
    level: Option<String>,
}

/// How many servers must have done a write, and how durably, before it counts as done.
///
/// With nothing set it is the server's default, and is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WriteConcern {
    w: Option<Acknowledgment>,
    journal: Option<bool>,
    timeout: Option<Duration>,
}

/// Who must have done a write (`w`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Acknowledgment {
    /// So many servers; 0 asks for no answer at all.
    Nodes(u32),
    /// A majority of the voting members that hold data.
    Majority,
    /// The servers that this mode of the replica set's configuration names.
    Mode(String),
}

impl ReadConcern {
    /// This level, by its name.
    pub fn new(level: impl Into<String>) -> Self {
        Self { level: Some(level.into()) }
    }

    /// What the server has, which may be rolled back.
    pub fn local() -> Self {
        Self::new("local")
    }

    /// As `local`, but on shards also what belongs elsewhere.
    pub fn available() -> Self {
        Self::new("available")
    }

    /// What a majority has.
    pub fn majority() -> Self {
        Self::new("majority")
    }

    /// What a majority had when the read began, in the order of real time.
    pub fn linearizable() -> Self {
        Self::new("linearizable")
    }

    /// What a majority had at one point in time.
    pub fn snapshot() -> Self {
        Self::new("snapshot")
    }

    /// The level; `None` is the server's default.
    pub fn level(&self) -> Option<&str> {
        self.level.as_deref()
    }

    /// Whether this is the server's default.
    pub fn is_default(&self) -> bool {
        self.level.is_none()
    }
}

/// Writing it into commands. Of use to this crate only.
#[doc(hidden)]
impl ReadConcern {
    /// Appends the fields of the document `readConcern`, without what a session adds.
    pub fn write(&self, fields: &mut ElementWriter<'_>) {
        if let Some(level) = &self.level {
            fields.str("level", level);
        }
    }
}

impl WriteConcern {
    /// The server's default.
    pub fn new() -> Self {
        Self::default()
    }

    /// A majority of the voting members that hold data must have done the write.
    pub fn majority() -> Self {
        Self::new().w(Acknowledgment::Majority)
    }

    /// So many servers must have done the write; 0 asks for no answer at all.
    pub fn nodes(count: u32) -> Self {
        Self::new().w(Acknowledgment::Nodes(count))
    }

    /// Who must have done the write.
    #[must_use]
    pub fn w(mut self, w: impl Into<Acknowledgment>) -> Self {
        self.w = Some(w.into());
        self
    }

    /// Whether the write must have reached the journal on disk.
    #[must_use]
    pub fn journal(mut self, journal: bool) -> Self {
        self.journal = Some(journal);
        self
    }

    /// How long the server waits for the others before it answers with an error
    /// (`wtimeout`). Deprecated by the specifications in favour of a timeout of the whole
    /// operation.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Who must have done the write, if that is set.
    pub fn acknowledgment(&self) -> Option<&Acknowledgment> {
        self.w.as_ref()
    }

    /// Whether the journal is asked for, if that is set.
    pub fn is_journaled(&self) -> Option<bool> {
        self.journal
    }

    /// How long the server waits for the others, if that is set.
    pub fn wait(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether this is the server's default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the server answers writes. It does unless `w` is 0.
    pub fn is_acknowledged(&self) -> bool {
        self.w != Some(Acknowledgment::Nodes(0)) || self.journal == Some(true)
    }

    /// Fails if it contradicts itself (no answer is asked for, but the journal is), or
    /// holds a number that servers can't take.
    pub fn validate(&self) -> Result<()> {
        let invalid = |text: &str| Err(Error::new(Kind::InvalidArgument, text));
        match self.w {
            Some(Acknowledgment::Nodes(0)) if self.journal == Some(true) => invalid(
                "a write concern with w = 0 asks for no answer and can't ask for the journal (j = true)",
            ),
            Some(Acknowledgment::Nodes(count)) if i32::try_from(count).is_err() => {
                invalid("a write concern's w is larger than a 32-bit integer")
            }
            _ => Ok(()),
        }
    }
}

/// Writing it into commands. Of use to this crate only.
#[doc(hidden)]
impl WriteConcern {
    /// Appends the fields of the document `writeConcern`.
    pub fn write(&self, fields: &mut ElementWriter<'_>) {
        match &self.w {
            Some(Acknowledgment::Nodes(count)) => {
                fields.i32("w", i32::try_from(*count).unwrap_or(i32::MAX));
            }
            Some(Acknowledgment::Majority) => {
                fields.str("w", "majority");
            }
            Some(Acknowledgment::Mode(mode)) => {
                fields.str("w", mode);
            }
            None => {}
        }
        if let Some(journal) = self.journal {
            fields.bool("j", journal);
        }
        if let Some(timeout) = self.timeout {
            fields.i64("wtimeout", i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        }
    }

    /// Appends the whole element `writeConcern`, unless it is the server's default.
    pub fn write_element(&self, command: &mut ElementWriter<'_>) {
        if !self.is_default() {
            command.document_with("writeConcern", |fields| self.write(fields));
        }
    }
}

impl From<u32> for Acknowledgment {
    fn from(count: u32) -> Self {
        Self::Nodes(count)
    }
}

impl From<&str> for Acknowledgment {
    fn from(mode: &str) -> Self {
        match mode {
            "majority" => Self::Majority,
            mode => Self::Mode(mode.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::*;

    fn written(write: impl FnOnce(&mut ElementWriter<'_>)) -> Document {
        let mut bytes = vec![0; 4];
        write(&mut ElementWriter::new(&mut bytes));
        bytes.push(0);
        let length = bytes.len() as i32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        Document::try_from(RawDocumentBuf::from_bytes(bytes).unwrap()).unwrap()
    }

    #[test]
    fn a_default_concern_writes_nothing() {
        assert!(ReadConcern::default().is_default());
        assert_eq!(written(|w| ReadConcern::default().write(w)), doc! {});
        assert_eq!(written(|w| WriteConcern::new().write_element(w)), doc! {});
        assert!(WriteConcern::new().is_acknowledged());
    }

    #[test]
    fn any_level_is_sent_as_it_is() {
        assert_eq!(written(|w| ReadConcern::majority().write(w)), doc! { "level": "majority" });
        assert_eq!(written(|w| ReadConcern::new("future").write(w)), doc! { "level": "future" });
    }

    #[test]
    fn what_is_set_is_written_with_the_types_of_the_specification() {
        let concern = WriteConcern::nodes(2).journal(false).timeout(Duration::from_secs(5_000_000));
        let expected = doc! { "writeConcern": { "w": 2, "j": false, "wtimeout": 5_000_000_000_i64 } };
        assert_eq!(written(|w| concern.write_element(w)), expected);
        assert_eq!(written(|w| WriteConcern::majority().write(w)), doc! { "w": "majority" });
        assert_eq!(written(|w| WriteConcern::new().w("tagged").write(w)), doc! { "w": "tagged" });
        assert_eq!(WriteConcern::new().w("majority"), WriteConcern::majority());
    }

    #[test]
    fn no_answer_and_the_journal_contradict_each_other() {
        let none = WriteConcern::nodes(0);
        none.validate().unwrap();
        none.clone().journal(false).validate().unwrap();
        assert!(!none.is_acknowledged() && !none.clone().journal(false).is_acknowledged());
        let error = none.journal(true).validate().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.to_string().contains("w = 0"), "{error}");
        WriteConcern::nodes(1).journal(true).validate().unwrap();
        assert!(WriteConcern::nodes(u32::MAX).validate().is_err());
    }
}
