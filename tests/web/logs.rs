//! What is told to `tracing`: by one closure, or by the whole process.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{set_global_default, with_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    pub level: Level,
    /// All its fields.
    pub text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.text, "{}={value:?} ", field.name()).unwrap();
    }
}

/// Keeps the messages of one target.
#[derive(Clone)]
pub struct Capture {
    target: &'static str,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Capture {
    /// Of the whole process from now on; to be called once.
    pub fn everywhere(target: &'static str) -> Self {
        let capture = Self { target, messages: Arc::default() };
        set_global_default(capture.clone()).unwrap();
        capture
    }

    /// So far.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }
}

/// What a closure tells on its thread.
pub fn told<T>(target: &'static str, closure: impl FnOnce() -> T) -> (T, Vec<Message>) {
    let capture = Capture { target, messages: Arc::default() };
    let result = with_default(capture.clone(), closure);
    (result, capture.messages())
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == self.target
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message { level: *event.metadata().level(), text: String::new() };
        event.record(&mut message);
        self.messages.lock().unwrap().push(message);
    }
}
