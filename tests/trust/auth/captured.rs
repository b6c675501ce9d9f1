//! Everything that a program can be shown: logs of every level, events of every kind in both
//! ways, errors with all that is behind them, what `Debug` makes of public types, and what
//! panics print. And the search through it.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use actix::{Actor, Context, Handler, Recipient, System};
use actix_mongo::bson::Document;
use actix_mongo::events::Event;
use actix_mongo::{Builder, Error};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// See the module. Clones share what was captured.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<String>>);

impl Captured {
    /// From now on all of this process' logs and panics are captured.
    pub fn everywhere() -> Self {
        let captured = Self::default();
        tracing::subscriber::set_global_default(captured.clone()).expect("no other test does this");
        let (hook, before) = (captured.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            hook.debug(panic);
            hook.text(&panic.to_string());
            before(panic);
        }));
        captured
    }

    /// Adds a text.
    pub fn text(&self, text: &str) {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        writeln!(all, "{text}").unwrap();
    }

    /// Adds what `Debug` makes of something, in both ways.
    pub fn debug(&self, thing: &(impl Debug + ?Sized)) {
        self.text(&format!("{thing:?}\n{thing:#?}"));
    }

    /// Adds an error with all that is behind it.
    pub fn error(&self, error: &Error) {
        self.debug(error);
        self.text(&format!("{error}\n{error:#}"));
        self.debug(&error.authentication_failure());
        self.debug(&(error.message(), error.code_name(), error.labels(), error.server_response()));
        if let Some(response) = error.server_response() {
            self.debug(&Document::try_from(response.clone()));
        }
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            self.debug(error);
            self.text(&error.to_string());
            source = error.source();
        }
    }

    /// Has a connection tell all of its events, to a closure and to an actor.
    pub fn listening(&self, builder: Builder) -> Builder {
        let captured = self.clone();
        builder.on_event(move |event| captured.event(&event)).event_recipient(self.recipient())
    }

    fn event(&self, event: &Event) {
        self.debug(event);
        match event {
            Event::CommandFailed(failed) => self.error(&failed.failure),
            Event::ServerHeartbeatFailed(failed) => self.error(&failed.error),
            _ => {}
        }
    }

    /// An actor on a thread of its own, which ends with the process.
    fn recipient(&self) -> Recipient<Event> {
        let (sender, recipient) = std::sync::mpsc::sync_channel(1);
        let captured = self.clone();
        std::thread::spawn(move || {
            let system = System::new();
            system.block_on(async move { sender.send(Listener(captured).start().recipient()).unwrap() });
            system.run().unwrap();
        });
        recipient.recv().unwrap()
    }

    /// What was captured so far.
    pub fn all(&self) -> String {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

struct Listener(Captured);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Event> for Listener {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        self.0.event(&event);
    }
}

impl Visit for Captured {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(&format!("{field}={value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(&format!("{field}={value}"));
    }
}

impl Subscriber for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.text(event.metadata().target());
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What must not be found, by what it is.
#[derive(Default)]
pub struct Needles(Vec<(String, String)>);

impl Needles {
    /// A text that is secret, in all forms that anybody may make of it.
    pub fn text(&mut self, what: &str, text: &str) {
        self.0.push((what.to_owned(), text.to_owned()));
        let escaped: String = text.escape_unicode().collect();
        let debugged = format!("{text:?}").trim_matches('"').to_owned();
        let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for form in [escaped, debugged, percent, text.escape_default().to_string()] {
            self.0.push((format!("{what}, escaped"), form));
        }
        self.bytes(what, text.as_bytes());
    }

    /// Bytes that are secret.
    pub fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let listed: Vec<String> = bytes.iter().map(ToString::to_string).collect();
        let lines: Vec<String> = bytes.iter().map(|byte| format!("    {byte},\n")).collect();
        let forms = [
            ("in hex", hex.clone()),
            ("in HEX", hex.to_uppercase()),
            ("as numbers", listed.join(", ")),
            ("as lines of numbers", lines.concat()),
            ("in base64", STANDARD_NO_PAD.encode(bytes)),
            ("in base64 for URLs", URL_SAFE_NO_PAD.encode(bytes)),
        ];
        for (how, form) in forms {
            self.0.push((format!("{what}, {how}"), form));
        }
    }

    /// Which of them are in a text.
    pub fn found_in(&self, text: &str) -> Vec<&str> {
        self.0.iter().filter(|(_, needle)| text.contains(needle)).map(|(what, _)| what.as_str()).collect()
    }

    /// That each of them would be found.
    pub fn check(&self) {
        assert!(self.found_in("nothing of it").is_empty());
        for (what, needle) in &self.0 {
            assert!(needle.len() >= 8, "{what} is too short to look for");
            assert!(self.found_in(&format!("a {needle} b")).contains(&what.as_str()), "{what}");
        }
    }
}
