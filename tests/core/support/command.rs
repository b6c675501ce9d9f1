//! Commands as documents, and as the operations that the dispatcher takes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_mongo::Result;
use actix_mongo::dispatch::{CommandKind, Handle, Operation, Plan, Retry, SessionPlan};
use actix_mongo::pool::{Answer, Lease, Namespace, Outcome, Run, SessionUse};
use actix_mongo::topology::{Criteria, Limits, ReadMode, ReadPreference};
use actix_mongo::wire::frame::MORE_TO_COME;
use actix_mongo::wire::{Frame, FrameBuilder};
use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc};

/// Runs a command on a lease.
pub fn run_on(lease: &Lease, body: Document) -> tokio::sync::oneshot::Receiver<Outcome> {
    let (mut run, answer) = Run::new(frame_of(&body, "d", 0));
    run.session = SessionUse::Implicit { numbered: false };
    lease.submit(run);
    answer
}

/// Sends a command on a lease that gets no reply.
pub fn send_on(lease: &Lease, body: Document) -> tokio::sync::oneshot::Receiver<Outcome> {
    let (run, answer) = Run::new(frame_of(&body, "d", MORE_TO_COME));
    lease.submit(run);
    answer
}

fn frame_of(body: &Document, database: &str, flags: u32) -> Frame {
    let mut builder = FrameBuilder::new(64);
    builder.set_flags(flags);
    write_elements(&mut builder, body);
    builder.elements().str("$db", database);
    builder.finish()
}

fn write_elements(builder: &mut FrameBuilder, body: &Document) {
    let mut elements = builder.elements();
    for (key, value) in body {
        match value {
            Bson::Int32(value) => elements.i32(key, *value),
            Bson::Int64(value) => elements.i64(key, *value),
            Bson::String(value) => elements.str(key, value),
            Bson::Boolean(value) => elements.bool(key, *value),
            Bson::Document(value) => elements.document(key, &RawDocumentBuf::try_from(value).unwrap()),
            Bson::Array(value) => {
                let array: RawArrayBuf =
                    value.iter().map(|item| bson::RawBson::try_from(item.clone()).unwrap()).collect();
                elements.array(key, &array)
            }
            other => panic!("no story writes {other:?}"),
        };
    }
}

/// A command of a story: its body, and all that can be chosen about it.
pub struct Command {
    body: Document,
    plan: Plan,
    pub timeout: Option<Duration>,
    flags: u32,
    encode_panics: bool,
    /// How often it was written, and for which batch limit.
    pub written_for: Arc<Mutex<Vec<Limits>>>,
}

/// This command on database `d`, not repeated.
pub fn command(body: Document) -> Command {
    let plan = Plan {
        session: SessionPlan::Implicit,
        max_time: true,
        ..Plan::plain("d".into(), Criteria::Write, 64)
    };
    let written_for = Arc::default();
    Command { body, plan, timeout: None, flags: 0, encode_panics: false, written_for }
}

/// A find over `d.c` that is tried again as a read.
pub fn find() -> Command {
    command(doc! { "find": "c" }).plan(|plan| {
        plan.retry = Retry::Read;
        plan.kind = CommandKind::Read;
        plan.target = Criteria::Read(ReadPreference::new(ReadMode::Primary));
    })
}

/// An insert that is tried again as a write.
pub fn insert() -> Command {
    command(doc! { "insert": "c", "documents": [{ "_id": 1 }] }).plan(|plan| {
        plan.retry = Retry::Write;
        plan.kind = CommandKind::Write;
        plan.writes = true;
    })
}

pub fn namespace(collection: &str) -> Arc<Namespace> {
    Arc::new(Namespace { database: "d".into(), collection: collection.into() })
}

impl Command {
    pub fn plan(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.plan);
        self
    }

    pub fn body_mut(&mut self) -> &mut Document {
        &mut self.body
    }

    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub fn flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }

    pub fn encode_panics(mut self) -> Self {
        self.encode_panics = true;
        self
    }
}

impl Operation for Command {
    type Output = Document;

    fn name(&self) -> &'static str {
        "story"
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        assert!(!self.encode_panics, "as the story wants it");
        self.written_for.lock().unwrap().push(*limits);
        command.set_flags(self.flags);
        write_elements(command, &self.body);
        Ok(())
    }

    fn read(&mut self, answer: &mut Answer, _handle: &Handle) -> Result<Document> {
        if answer.body.as_bytes().len() <= 5 {
            return Ok(Document::new());
        }
        Ok(Document::try_from(answer.body.clone()).expect("what the scripted server sends is BSON"))
    }
}
