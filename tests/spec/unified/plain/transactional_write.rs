//! The fail point `onPrimaryTransactionalWrite`, for a server that does not have it: which
//! numbered writes it meets, and what becomes of them.
//!
//! It meets a statement of a write with a transaction number when it is done for the first
//! time; all documents of an insert are one statement. The connection is closed without an
//! answer: after the command was carried out, or, with `failBeforeCommitExceptionCode`, in
//! place of the statement and all that follow it.

use std::collections::BTreeSet;

use bson::{Bson, Document};

/// Its name.
pub const NAME: &str = "onPrimaryTransactionalWrite";

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The fail point does not meet it.
    Answered,
    /// Carried out, as far as that many statements, and not answered.
    CutAfter(usize),
}

/// When it is met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Off,
    Always,
    Times(i64),
    /// So many are let through first.
    Skip(i64),
}

/// See the module.
#[derive(Debug, Default)]
pub struct TransactionalWrite {
    mode: Mode,
    before_commit: bool,
    /// Statements that were done: session, transaction number, index.
    done: BTreeSet<(String, i64, usize)>,
}

impl TransactionalWrite {
    /// Takes a `configureFailPoint`. An error if it asks for what is not here.
    pub fn configure(&mut self, command: &Document) -> Result<(), String> {
        let unknown = || format!("not known of {NAME}: {command}");
        self.mode = match command.get("mode") {
            Some(Bson::String(mode)) if mode == "off" => Mode::Off,
            Some(Bson::String(mode)) if mode == "alwaysOn" => Mode::Always,
            Some(Bson::Document(mode)) => match mode.iter().next() {
                Some((key, count)) if key == "times" => Mode::Times(whole(count).ok_or_else(unknown)?),
                Some((key, count)) if key == "skip" => Mode::Skip(whole(count).ok_or_else(unknown)?),
                _ => return Err(unknown()),
            },
            _ => return Err(unknown()),
        };
        let data = command.get_document("data").cloned().unwrap_or_default();
        if data.keys().any(|key| key != "failBeforeCommitExceptionCode") {
            return Err(unknown());
        }
        self.before_commit = !data.is_empty();
        Ok(())
    }

    /// What becomes of a command, with its statements counted by whoever read it.
    pub fn judge(&mut self, command: &Document, statements: usize) -> Fate {
        let number = command.get_i64("txnNumber").ok().filter(|_| !command.contains_key("autocommit"));
        let (Some(number), Ok(session)) = (number, command.get_document("lsid")) else {
            return Fate::Answered;
        };
        let session = session.to_string();
        let in_one_go = command.contains_key("insert");
        let mut met = None;
        for index in 0..if in_one_go { 1 } else { statements } {
            let statement = (session.clone(), number, index);
            if self.done.contains(&statement) {
                continue;
            }
            if self.meets() {
                met = Some(index);
                if self.before_commit {
                    break;
                }
            }
            self.done.insert(statement);
        }
        match met {
            None => Fate::Answered,
            Some(index) if self.before_commit => Fate::CutAfter(index),
            Some(_) => Fate::CutAfter(statements),
        }
    }

    /// Whether the next one is met.
    fn meets(&mut self) -> bool {
        match &mut self.mode {
            Mode::Off => false,
            Mode::Always => true,
            Mode::Times(left) => {
                *left -= 1;
                *left >= 0
            }
            Mode::Skip(left) if *left > 0 => {
                *left -= 1;
                false
            }
            // Once met, it stays on.
            Mode::Skip(_) => true,
        }
    }
}

fn whole(number: &Bson) -> Option<i64> {
    number.as_i64().or_else(|| number.as_i32().map(i64::from))
}
