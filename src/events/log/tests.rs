//! Texts and cuts; who is asked; that nothing is made for nobody.

use std::sync::{Arc, Mutex};

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, RawDocumentBuf, Regex, Timestamp, doc, rawdoc};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event as Message, Level, Metadata, Subscriber};

use super::extended_json::cut;
use super::longest_of;
use crate::events::{EventKinds, Listener, Logs, PoolReady, TopologyId, TopologyOpening, listen};
use crate::topology::ServerAddress;

fn whole(document: &bson::Document) -> String {
    cut(&RawDocumentBuf::try_from(document).unwrap(), usize::MAX)
}

#[test]
fn every_type_is_relaxed_extended_json() {
    let oid = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
    let document = doc! {
        "double": 1.0, "half": 0.5, "nan": f64::NAN, "huge": f64::INFINITY, "string": "a\"b\\c\n\u{1}é",
        "array": [1, [], {}], "document": { "x": 1 }, "bool": true, "null": null,
        "regex": Regex { pattern: "a\"".try_into().unwrap(), options: "i".try_into().unwrap() },
        "code": Bson::JavaScriptCode("f()".into()), "int": -7, "long": 1_i64 << 40,
        "time": Timestamp { time: 5, increment: 6 },
        "bytes": Binary { subtype: BinarySubtype::Generic, bytes: vec![1, 2, 3, 4] },
        "oid": oid, "date": DateTime::from_millis(1_500), "old": DateTime::from_millis(-1),
        "decimal": "1.5".parse::<bson::Decimal128>().unwrap(), "min": Bson::MinKey, "max": Bson::MaxKey,
        "symbol": Bson::Symbol("s".into()), "undefined": Bson::Undefined,
    };
    // The library's own text is the judge, for all that it writes in the same form.
    let expected = Bson::Document(document.clone()).into_relaxed_extjson();
    let ours: serde_json::Value = serde_json::from_str(&whole(&document)).unwrap();
    assert_eq!(ours, expected);
}

#[test]
fn a_text_is_cut_between_characters_and_says_so() {
    let document = rawdoc! { "k": "ééé" };
    assert_eq!(cut(&document, 100), r#"{"k":"ééé"}"#);
    assert_eq!(cut(&document, 5), r#"{"k":..."#);
    assert_eq!(cut(&document, 6), r#"{"k":"..."#);
    assert_eq!(cut(&document, 7), r#"{"k":"..."#);
    assert_eq!(cut(&document, 8), r#"{"k":"é..."#);
    assert_eq!(cut(&document, 0), "...");
    assert_eq!(cut(&document, r#"{"k":"ééé"}"#.len()), r#"{"k":"ééé"}"#);
    assert_eq!(cut(&rawdoc! { "b": [1, 2, 3] }, 8), r#"{"b":[1,..."#);
}

#[test]
fn the_variable_counts_if_it_is_a_number() {
    let seen = [None, Some("5"), Some(" 70 "), Some("-1"), Some("much")].map(longest_of);
    assert_eq!(seen, [1000, 5, 70, 1000, 1000]);
}

/// Keeps what it is told about some targets.
#[derive(Clone)]
struct Capture {
    target: &'static str,
    level: Level,
    seen: Arc<Mutex<Vec<String>>>,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{}={value:?};", field.name()));
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(self.target) && *metadata.level() <= self.level
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, message: &Message<'_>) {
        let mut text = Text(String::new());
        message.record(&mut text);
        self.seen.lock().unwrap().push(text.0);
    }
}

fn capture(target: &'static str, level: Level) -> Capture {
    Capture { target, level, seen: Arc::default() }
}

#[test]
fn who_wants_no_details_of_a_choice_is_still_told_that_it_waits() {
    let logs = |level| {
        let capture = capture("actix_mongo::server_selection", level);
        let logs = tracing::subscriber::with_default(capture, || Logs::here(None));
        listen(Vec::<Listener>::new(), 1, logs).unwrap()
    };
    let wants = |level| {
        let emitter = logs(level);
        (emitter.logs_selection(), emitter.logs_waiting())
    };
    assert_eq!(wants(Level::DEBUG), (true, true));
    assert_eq!(wants(Level::INFO), (false, true));
    assert_eq!(wants(Level::WARN), (false, false));
}

#[test]
fn the_subscriber_of_the_thread_is_told_what_it_wants_and_nothing_else_is_made() {
    let capture = capture("actix_mongo::connection", Level::DEBUG);
    let seen = capture.seen.clone();
    let logs = tracing::subscriber::with_default(capture, || Logs::here(None));
    let emitter = listen(Vec::<Listener>::new(), 1, logs).unwrap();
    assert!(emitter.is_on(EventKinds::POOLS));
    assert!(!emitter.is_on(EventKinds::TOPOLOGY) && !emitter.logs_selection());
    emitter.emit(|| -> TopologyOpening { panic!("nobody wants {:?}", TopologyId::new()) });
    emitter.emit(|| PoolReady { address: ServerAddress::new("h", 7) });
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(emitter.flush());
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, [r#"message=Connection pool ready;serverHost="h";serverPort=7;"#]);
}

#[test]
fn without_a_subscriber_nothing_is_wanted() {
    let emitter = listen(Vec::<Listener>::new(), 1, Logs::here(Some(5))).unwrap();
    for kind in [EventKinds::COMMANDS, EventKinds::POOLS, EventKinds::TOPOLOGY] {
        assert!(!emitter.is_on(kind));
    }
}
