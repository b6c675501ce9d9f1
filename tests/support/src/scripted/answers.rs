//! The writing side of a connection of the scripted server.

use super::log::CommandRecord;
use super::rule::{Action, Rule};
use super::shape::{Shape, Then};
use super::shared::Shared;
use crate::wire::{EXHAUST_ALLOWED, MORE_TO_COME, Message};
use bson::{Bson, Document};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;

/// A command and what is to be done with it.
pub(super) struct Task {
    pub command: CommandRecord,
    pub rule: Option<Rule>,
}

/// The writing side.
pub(super) struct Answers {
    shared: Arc<Shared>,
    output: OwnedWriteHalf,
    /// The command that the next write answers.
    current: usize,
    /// What it was compressed with.
    compressor: Option<u8>,
    last_request_id: i32,
}

impl Answers {
    pub fn new(shared: Arc<Shared>, output: OwnedWriteHalf) -> Self {
        Self { shared, output, current: 0, compressor: None, last_request_id: 0 }
    }

    /// Ends the connection in the way that was asked for, once the reading half
    /// has been dropped too.
    pub fn end(self, then: Then) {
        // Fails only on a socket that is dead already.
        if then == Then::Reset && self.output.as_ref().set_zero_linger().is_ok() {
            // Dropping the writing half would send FIN ahead of the RST.
            self.output.forget();
        }
    }

    /// Answers until a rule ends the connection.
    pub async fn run(&mut self, tasks: &mut mpsc::UnboundedReceiver<Task>) -> Then {
        while let Some(Task { command, rule }) = tasks.recv().await {
            let (action, shape) = match rule {
                Some(rule) => (rule.action, rule.shape),
                None => (Action::Ordinary, Shape::default()),
            };
            if let Some(gate) = &shape.gate {
                gate.passed().await;
            }
            if let Some(delay) = shape.delay {
                tokio::time::sleep(delay).await;
            }
            if self.answer(&command, action, &shape).await.is_err() {
                // The client has gone; the reading side says how.
                std::future::pending::<()>().await;
            }
            if shape.then != Then::Stay {
                return shape.then;
            }
        }
        std::future::pending().await
    }

    async fn answer(&mut self, command: &CommandRecord, action: Action, shape: &Shape) -> io::Result<()> {
        self.current = command.order;
        self.compressor = command.compressor;
        let mut to = command.request_id;
        match action {
            Action::NeverAnswer | Action::End => {}
            Action::Raw(bytes) => self.write(&bytes, shape).await?,
            Action::Reply(document) => {
                self.reply(document, 0, &mut to, shape).await?;
            }
            Action::ReplyWith(answer) => {
                self.reply(answer(command), 0, &mut to, shape).await?;
            }
            Action::Stream(documents) => {
                let mut documents = documents.into_iter().peekable();
                while let Some(document) = documents.next() {
                    let more = documents.peek().map_or(0, |_| MORE_TO_COME);
                    self.reply(document, more, &mut to, shape).await?;
                }
            }
            Action::Ordinary if awaits(&command.body) => {
                self.stream_hello(command, shape).await?;
            }
            Action::Ordinary => {
                let reply = self.shared.ordinary_reply(command);
                if command.flags & MORE_TO_COME == 0 {
                    self.reply(reply, 0, &mut to, shape).await?;
                }
            }
        }
        Ok(())
    }

    /// Holds a hello back until the topology version moves on or its time is
    /// over; goes on for ever if the client takes a stream.
    async fn stream_hello(&mut self, command: &CommandRecord, shape: &Shape) -> io::Result<()> {
        let mut to = command.request_id;
        let mut seen = match command.body.get("topologyVersion") {
            Some(Bson::Document(version)) => version.get_i64("counter").unwrap_or(-1),
            _ => -1,
        };
        let patience = match command.body.get("maxAwaitTimeMS") {
            Some(Bson::Int32(millis)) => u64::try_from(*millis).unwrap_or(0),
            Some(Bson::Int64(millis)) => u64::try_from(*millis).unwrap_or(0),
            _ => 0,
        };
        loop {
            let changed = self.shared.topology_after(seen);
            // A timeout is an ordinary reason to answer.
            let _ = tokio::time::timeout(Duration::from_millis(patience), changed).await;
            let (counter, streams) = self.shared.topology_counter();
            seen = counter;
            let more = match streams && command.flags & EXHAUST_ALLOWED != 0 {
                true => MORE_TO_COME,
                false => 0,
            };
            let reply = self.shared.ordinary_reply(command);
            self.reply(reply, more, &mut to, shape).await?;
            if more == 0 {
                return Ok(());
            }
        }
    }

    /// Writes one reply; `to` becomes its own number, which is what the next
    /// reply of a stream answers.
    async fn reply(&mut self, body: Document, flags: u32, to: &mut i32, shape: &Shape) -> io::Result<()> {
        self.last_request_id += 1;
        let message = Message { flags: flags | shape.flags, body, sequences: shape.sequences.clone() };
        let response_to = shape.response_to.unwrap_or(*to);
        *to = self.last_request_id;
        let bytes = shape.bend(&message, self.last_request_id, response_to, self.compressor);
        self.write(&bytes, shape).await
    }

    async fn write(&mut self, bytes: &[u8], shape: &Shape) -> io::Result<()> {
        // Before the write, so that whoever has the reply finds it recorded.
        self.shared.answered(self.current);
        let cut = shape.cut_after.unwrap_or(bytes.len()).min(bytes.len());
        if let Some(drip) = &shape.drip {
            for (at, byte) in (1..).zip(&bytes[..cut]) {
                drip.next().await;
                self.output.write_all(&[*byte]).await?;
                drip.sent(at == cut);
            }
            return Ok(());
        }
        if !shape.byte_by_byte {
            return self.output.write_all(&bytes[..cut]).await;
        }
        for byte in &bytes[..cut] {
            self.output.write_all(&[*byte]).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// Whether a hello asks to be held back.
fn awaits(body: &Document) -> bool {
    body.contains_key("topologyVersion") && body.contains_key("maxAwaitTimeMS")
}
