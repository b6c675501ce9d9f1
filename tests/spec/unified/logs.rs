//! Keeps the log messages of one client. A connection logs to the subscriber of the thread that
//! makes it, so each client has one of its own.

use std::fmt::Debug;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use bson::{Bson, Document};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A message as the format has it.
#[derive(Clone, Debug)]
pub struct Message {
    pub level: &'static str,
    pub component: &'static str,
    pub data: Document,
}

/// See the module. A clone is the same.
#[derive(Clone, Default)]
pub struct Logs {
    /// The least severe level that is kept, by component.
    wanted: Vec<(&'static str, Level)>,
    kept: Arc<(Mutex<Vec<Message>>, Condvar)>,
}

/// What the format calls the driver's targets.
const COMPONENTS: [(&str, &str); 4] = [
    ("actix_mongo::command", "command"),
    ("actix_mongo::topology", "topology"),
    ("actix_mongo::server_selection", "serverSelection"),
    ("actix_mongo::connection", "connection"),
];

/// The format's levels. It has more than there are here.
const LEVELS: [(&str, Level); 9] = [
    ("emergency", Level::ERROR),
    ("alert", Level::ERROR),
    ("critical", Level::ERROR),
    ("error", Level::ERROR),
    ("warning", Level::WARN),
    ("notice", Level::INFO),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];

impl Logs {
    /// Keeps what `observeLogMessages` asks for.
    pub fn of(wanted: &Document) -> Result<Self, String> {
        let mut logs = Self::default();
        for (component, level) in wanted {
            let component = COMPONENTS.iter().find(|(_, name)| name == component);
            let level = LEVELS.iter().find(|(name, _)| level.as_str() == Some(name));
            let (Some((_, component)), Some((_, level))) = (component, level) else {
                return Err(format!("a component or level of logs that the runner does not know: {wanted}"));
            };
            logs.wanted.push((component, *level));
        }
        Ok(logs)
    }

    /// Waits until all messages so far please, at most so long.
    pub fn wait(&self, patience: Duration, done: impl Fn(&[Message]) -> bool) {
        let kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.kept.1.wait_timeout_while(kept, patience, |kept| !done(kept));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// All that was kept so far.
    pub fn messages(&self) -> Vec<Message> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wants(&self, metadata: &Metadata<'_>) -> Option<&'static str> {
        let component = component(metadata.target())?;
        let wanted = |(of, level): &(&str, Level)| *of == component && metadata.level() <= level;
        self.wanted.iter().any(wanted).then_some(component)
    }
}

impl Subscriber for Logs {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.wants(metadata).is_some()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(component) = self.wants(event.metadata()) else { return };
        let mut fields = Fields(Document::new());
        event.record(&mut fields);
        let message = Message { level: level(*event.metadata().level()), component, data: fields.0 };
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.kept.1.notify_all();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn component(target: &str) -> Option<&'static str> {
    COMPONENTS.iter().find(|(of, _)| *of == target).map(|(_, name)| *name)
}

/// The name that stands for a level; of several, the one that the driver means by it.
pub fn level(of: Level) -> &'static str {
    match of {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The level that a name stands for.
pub fn level_of(name: &str) -> Option<Level> {
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

struct Fields(Document);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Bson>) {
        self.0.insert(field.name(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }
}
