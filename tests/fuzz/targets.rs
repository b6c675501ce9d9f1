//! What must hold for any bytes at all, one function for each place where bytes from outside
//! come in. Called by the fuzz targets beside it, and by `tests/mutations`, which feeds it
//! damaged seeds.

use actix_mongo::command::CursorReply;
use actix_mongo::command::name;
use actix_mongo::connection::uri::ConnectionString;
use actix_mongo::topology::HelloReply;
use actix_mongo::wire::{
    Accepted, Compressor, FrameSplitter, Header, Offer, Payload, ProtocolError, RawMessage, Reply, ReplyHead,
};
use bson::RawDocument;

/// What one server may announce, so that limits are reached.
const MAX_MESSAGE: usize = 4096;

/// A name and its target.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("frames", frames),
    ("packed", packed),
    ("op_msg", op_msg),
    ("hello", hello),
    ("names", names),
    ("uri", uri),
];

/// However a stream is cut, it has the same messages, and costs no more memory than came.
pub fn frames(bytes: &[u8]) {
    split_in_all_ways(bytes, Accepted::default());
}

/// The same of messages that may be compressed: what comes out is within the limit, too.
pub fn packed(bytes: &[u8]) {
    split_in_all_ways(bytes, Offer::new(Compressor::ALL).accepted());
}

fn split_in_all_ways(bytes: &[u8], accepted: Accepted) {
    let whole = split(bytes, bytes.len().max(1), accepted);
    for length in [1, 3, 64] {
        assert_eq!(split(bytes, length, accepted), whole, "in pieces of {length}");
    }
}

/// The messages of a stream, and what ended it.
fn split(bytes: &[u8], length: usize, accepted: Accepted) -> (Vec<String>, Option<ProtocolError>) {
    let mut splitter = FrameSplitter::new(MAX_MESSAGE).accepting(accepted);
    let mut messages = Vec::new();
    for mut piece in bytes.chunks(length) {
        while !piece.is_empty() {
            let (used, message): (usize, Option<RawMessage>) = match splitter.feed(piece) {
                Ok(fed) => fed,
                Err(error) => return (messages, Some(error)),
            };
            assert!(used > 0 && used <= piece.len(), "{used} of {}", piece.len());
            assert!(splitter.memory() <= 2 * MAX_MESSAGE, "{} bytes", splitter.memory());
            if let Some(message) = &message {
                let (Payload::Document(content) | Payload::Sections(content)) = &message.payload;
                assert!(content.len() <= MAX_MESSAGE);
            }
            messages.extend(message.map(|message| format!("{message:?}")));
            piece = &piece[used..];
        }
    }
    (messages, None)
}

/// A message with its header: read or refused, and what was read can be looked into.
pub fn op_msg(bytes: &[u8]) {
    let Some((header, payload)) = bytes.split_first_chunk::<{ Header::LEN }>() else { return };
    let Ok(reply) = Reply::from_payload(Header::read(header), payload) else { return };
    assert!(reply.body.as_bytes().len() <= payload.len());
    if let Ok(head) = ReplyHead::scan(&reply.body) {
        let _ = (head.message(), head.code_name(), head.labels().count());
    }
    let Ok(cursor) = CursorReply::parse(reply.body, &"the server") else { return };
    assert!(cursor.documents_from(0).take(payload.len()).count() <= payload.len());
}

/// A reply to hello: read or refused.
pub fn hello(bytes: &[u8]) {
    let Ok(document) = RawDocument::from_bytes(bytes) else { return };
    let Ok(hello) = HelloReply::parse(document) else { return };
    let _ = (hello.kind(), hello.members().count(), hello.refusal());
}

/// A database and a collection, with a line's end between them: what is taken can be sent.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (database, collection) = text.split_once('\n').unwrap_or((&text, "c"));
    if name::check_database(database).is_ok() {
        assert!(!database.is_empty() && database.len() <= 63 && !database.contains(['\0', '.']));
    }
    if name::check_collection(database, collection).is_ok() {
        assert!(!collection.is_empty() && !collection.contains('\0'));
        assert!(database.len() + 1 + collection.len() <= 255);
    }
}

/// A connection string: read or refused, twice in the same way, and never without a server.
pub fn uri(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = ConnectionString::parse(&text).map(|read| read.hosts.len()).map_err(|error| error.to_string());
    let again =
        ConnectionString::parse(&text).map(|read| read.hosts.len()).map_err(|error| error.to_string());
    assert_eq!(read, again);
    assert_ne!(read, Ok(0), "{text}");
}
