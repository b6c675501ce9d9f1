//! What a test tells the scripted server to do with a command.

use super::drip::Drip;
use super::gate::Gate;
use super::log::CommandRecord;
use super::shape::{Checksum, Shape, Then};
use bson::Document;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type Predicate = Arc<dyn Fn(&CommandRecord) -> bool + Send + Sync>;
type Answer = Arc<dyn Fn(&CommandRecord) -> Document + Send + Sync>;

/// Which commands are meant, how often, and what is done with them.
///
/// Rules are asked in the order in which they were added; the first that matches
/// and is not used up wins. Without one, the command has its ordinary reply.
///
/// ```
/// use bson::doc;
/// use test_support::{Gate, Rule};
///
/// // The second find, on any connection, is answered once the gate opens, in two parts.
/// let gate = Gate::new();
/// let _ = Rule::on("find").nth(2).after(&gate).reply(doc! { "ok": 1 }).byte_by_byte();
/// // Every insert on connection 3 is reset in the middle of its reply.
/// let _ = Rule::on("insert").on_connection(3).cut_after(20).then_reset();
/// ```
#[derive(Clone)]
pub struct Rule {
    command: Option<String>,
    connection: Option<usize>,
    predicate: Option<Predicate>,
    /// Matches to let pass first.
    skip: usize,
    /// Matches left; `None` is no end.
    times: Option<usize>,
    pub(super) action: Action,
    pub(super) shape: Shape,
}

/// What is answered.
#[derive(Clone, Default)]
pub enum Action {
    /// What the server would answer without a rule.
    #[default]
    Ordinary,
    /// This document.
    Reply(Document),
    /// What the function makes of the command.
    ReplyWith(Answer),
    /// One document after the other, `moreToCome` on all but the last, whether
    /// the request allowed it or not.
    Stream(Vec<Document>),
    /// These bytes, no matter what they are.
    Raw(Vec<u8>),
    /// Nothing; the connection goes on with its next command.
    NeverAnswer,
    /// No answer, and the connection ends: see [`Rule::then_close`].
    End,
}

impl Rule {
    /// A rule for a command, by its name in any case.
    pub fn on(command: &str) -> Self {
        Self { command: Some(command.to_owned()), ..Self::any() }
    }

    /// A rule for every command.
    pub fn any() -> Self {
        Self {
            command: None,
            connection: None,
            predicate: None,
            skip: 0,
            times: None,
            action: Action::Ordinary,
            shape: Shape::default(),
        }
    }

    /// Only commands on this connection; the first accepted is 1.
    pub fn on_connection(mut self, number: usize) -> Self {
        self.connection = Some(number);
        self
    }

    /// Only commands of which this is true.
    pub fn when(mut self, predicate: impl Fn(&CommandRecord) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Only the `n`th match, the first being 1.
    pub fn nth(mut self, n: usize) -> Self {
        assert!(n > 0, "the first match is number 1");
        self.skip = n - 1;
        self.times(1)
    }

    /// Only so many matches.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Only the first match.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Does this.
    pub fn act(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// Answers with this document.
    pub fn reply(self, document: Document) -> Self {
        self.act(Action::Reply(document))
    }

    /// Answers with what the function makes of the command.
    pub fn reply_with(self, answer: impl Fn(&CommandRecord) -> Document + Send + Sync + 'static) -> Self {
        self.act(Action::ReplyWith(Arc::new(answer)))
    }

    /// Answers with an error of the server: its code, its name as the message.
    pub fn fail(self, code: i32, name: &str) -> Self {
        self.reply(bson::doc! { "ok": 0.0, "code": code, "codeName": name, "errmsg": name })
    }

    /// Answers once with many documents, all but the last with `moreToCome`.
    pub fn reply_stream(self, documents: Vec<Document>) -> Self {
        self.act(Action::Stream(documents))
    }

    /// Answers with these bytes.
    pub fn raw(self, bytes: Vec<u8>) -> Self {
        self.act(Action::Raw(bytes))
    }

    /// Takes the command and never answers it.
    pub fn never_answer(self) -> Self {
        self.act(Action::NeverAnswer)
    }

    /// Closes the connection in place of an answer.
    pub fn close(self) -> Self {
        self.act(Action::End).then_close()
    }

    /// Resets the connection in place of an answer.
    pub fn reset(self) -> Self {
        self.act(Action::End).then_reset()
    }

    /// Waits for the gate before the answer, and with it every later command of
    /// that connection.
    pub fn after(mut self, gate: &Gate) -> Self {
        self.shape.gate = Some(gate.clone());
        self
    }

    /// Answers late. For deadlines and round trip times; use [`Rule::after`]
    /// wherever the test can say when.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.shape.delay = Some(delay);
        self
    }

    /// Sends each byte of the reply by itself.
    pub fn byte_by_byte(mut self) -> Self {
        self.shape.byte_by_byte = true;
        self
    }

    /// Sends each byte of the reply by itself, once the tap lets it through.
    pub fn drip(mut self, drip: &Drip) -> Self {
        self.shape.drip = Some(drip.clone());
        self
    }

    /// Sends only so many bytes of the reply. Alone, the reader is left waiting
    /// for the rest.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.shape.cut_after = Some(bytes);
        self
    }

    /// Closes the connection after the reply.
    pub fn then_close(mut self) -> Self {
        self.shape.then = Then::Close;
        self
    }

    /// Resets the connection (RST) after the reply.
    pub fn then_reset(mut self) -> Self {
        self.shape.then = Then::Reset;
        self
    }

    /// Claims another length in the header than that of the reply.
    pub fn length(mut self, length: i32) -> Self {
        self.shape.length = Some(length);
        self
    }

    /// Claims to answer another request.
    pub fn response_to(mut self, request_id: i32) -> Self {
        self.shape.response_to = Some(request_id);
        self
    }

    /// Claims another operation code.
    pub fn op_code(mut self, op_code: i32) -> Self {
        self.shape.op_code = Some(op_code);
        self
    }

    /// Sends a checksum.
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.shape.checksum = checksum;
        self
    }

    /// Sets these flag bits on the reply, known or not.
    pub fn flags(mut self, flags: u32) -> Self {
        self.shape.flags |= flags;
        self
    }

    /// Sets `moreToCome` on the reply, although nothing follows by itself.
    pub fn more_to_come(self) -> Self {
        self.flags(crate::wire::MORE_TO_COME)
    }

    /// Adds a section of kind 1 to the reply.
    pub fn sequence(mut self, name: &str, documents: Vec<Document>) -> Self {
        self.shape.sequences.push((name.to_owned(), documents));
        self
    }

    /// Compresses the reply with the compressor of this number. Without this and
    /// [`Rule::plain`] a reply is compressed like its request.
    pub fn packed(mut self, compressor: u8) -> Self {
        self.shape.packed = Some(Some(compressor));
        self
    }

    /// Does not compress the reply.
    pub fn plain(mut self) -> Self {
        self.shape.packed = Some(None);
        self
    }

    /// Sends what the function makes of the whole reply.
    pub fn bent(mut self, bend: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.shape.bent = Some(Arc::new(bend));
        self
    }

    /// Whether this command is meant; counts the match.
    pub(super) fn take(&mut self, command: &CommandRecord) -> bool {
        let meant = self.command.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&command.name))
            && self.connection.is_none_or(|it| it == command.connection)
            && self.predicate.as_ref().is_none_or(|it| it(command));
        if !meant || self.times == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        true
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rule")
            .field("command", &self.command)
            .field("connection", &self.connection)
            .field("skip", &self.skip)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
