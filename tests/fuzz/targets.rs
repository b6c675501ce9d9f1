//! What must hold for any bytes at all, one function for each place where bytes from outside
//! come in. Called by the fuzz targets beside it, and by `tests/mutations`, which feeds it
//! damaged seeds.

use std::sync::Arc;

use actix_mongo::auth::scram::{Hash, LEAST_ITERATIONS, MOST_ITERATIONS, Next, Scram};
use actix_mongo::command::CursorReply;
use actix_mongo::command::name;
use actix_mongo::connection::uri::ConnectionString;
use actix_mongo::dns::{SrvName, SrvRecord, default_options};
use actix_mongo::topology::HelloReply;
use actix_mongo::wire::{
    Accepted, Compressor, FrameSplitter, Header, Offer, Payload, ProtocolError, RawMessage, Reply, ReplyHead,
};
use actix_mongo::{Connection, Target};
use bson::RawDocument;
use std::time::Duration;

/// What one server may announce, so that limits are reached.
const MAX_MESSAGE: usize = 4096;

/// A name and its function.
pub type Subject = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Subject; 8] = [
    ("frames", frames),
    ("packed", packed),
    ("op_msg", op_msg),
    ("hello", hello),
    ("names", names),
    ("uri", uri),
    ("dns", dns),
    ("scram", scram),
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

/// What DNS tells: the name of a seed list, a TXT record, and targets of SRV records, a line
/// each. No host outside of the domain is taken, and nothing is set that may not be.
pub fn dns(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let host = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let text = lines.next().unwrap_or_default().to_vec();
    let target = |line: &[u8]| {
        let port = line.first().map_or(0, |byte| u16::from(*byte));
        SrvRecord::new(String::from_utf8_lossy(line), port, Duration::from_secs(1))
    };
    let records: Vec<SrvRecord> = lines.map(target).collect();
    let name = SrvName::new(&host, SrvName::DEFAULT_SERVICE);
    let (first, later) = (name.seeds(records.clone()), name.hosts(records));
    for list in [&first, &later].into_iter().flatten() {
        let labels: Vec<&str> = name.host().split('.').collect();
        let domain = if labels.len() < 3 { labels.join(".") } else { labels[1..].join(".") };
        for host in &list.hosts {
            assert!(host.host().ends_with(&format!(".{domain}")), "{host} by {:?}", name.host());
            assert!(host.unix_path().is_none() && host.port() != 0, "{host}");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            assert!(host.host().bytes().all(plain), "{host}");
        }
    }
    let Ok(Some(defaults)) = default_options(&host, vec![text]) else { return };
    let Ok(read) = ConnectionString::read("mongodb+srv://a.b.c/?appName=it") else { return };
    let Ok(mut resolved) = read.resolved(Vec::new(), Some(&defaults)) else { return };
    let options = &mut resolved.options;
    (options.replica_set, options.load_balanced, options.auth.source) = (None, None, None);
    assert_eq!(resolved.options, read.options);
}

/// A connection string: read or refused, twice in the same way, and never without a server. What
/// is read prints as one that reads the same. Of a secret that comes apart nothing is told.
pub fn uri(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = ConnectionString::parse(&text).map(|read| read.hosts.len()).map_err(|error| error.to_string());
    let again =
        ConnectionString::parse(&text).map(|read| read.hosts.len()).map_err(|error| error.to_string());
    assert_eq!(read, again);
    assert_ne!(read, Ok(0), "{text}");
    if let Ok(read) = ConnectionString::read(&text) {
        let revealed = read.reveal().to_string();
        assert_eq!(ConnectionString::read(&revealed).ok().as_ref(), Some(&read), "{text} as {revealed}");
        assert!(ConnectionString::read(&read.to_string()).is_ok(), "{text} as {read}");
    }
    // The same text where hosts are taken as well, alone and in a list: no panic, no thread.
    for target in [Target::new(&*text), Target::new([&*text, "a"])] {
        let _ = format!("{:?}", Connection::builder().to(target).port(5));
    }
    for secret in
        [format!("me:pw@h/?tlsCertificateKeyFilePassword=x&{WORD}{text}"), format!("me:1?{WORD}{text}@h")]
    {
        let told = match ConnectionString::read(&format!("mongodb://{secret}")) {
            Ok(read) => format!("{read} {}", read.warnings.join(" ")),
            Err(error) => error.to_string(),
        };
        assert!(!told.contains(WORD), "{secret}: {told}");
    }
}

/// A piece of a password, that no option is called by.
const WORD: &str = "Geheimnis";

/// The server's two messages of SCRAM, with a line's end between them: read or refused, and a
/// server that does not know the password never believed.
pub fn scram(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (first, last) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    for hash in [Hash::Sha1, Hash::Sha256] {
        let mut scram = Scram::with_nonce(hash, "user", "abc".to_owned());
        let Ok(next) = scram.step(first) else { continue };
        let Next::Keys(mut request) = next else { panic!("nothing was proved") };
        assert!((LEAST_ITERATIONS..=MOST_ITERATIONS).contains(&request.iterations));
        assert!(!request.salt.is_empty() && request.salt.len() <= first.len());
        // How often is the server's wish; here it would only take time.
        request.iterations = 1;
        scram.finish(Arc::new(request.derive("pencil"))).expect("keys were asked for");
        assert!(scram.step(last).is_err() && !scram.is_over(), "{bytes:?}");
    }
}
