//! `InvalidName`: what the connection refuses by itself, held against what the server does
//! with the same names. The server is asked by a client that checks nothing.

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Kind};
use test_support::real_server::Options;
use test_support::scripted::Client;
use test_support::{RealServer, block_on};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Database,
    Collection,
}

/// Who refuses a name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Nobody,
    Both,
    UsAlone,
    /// We could have told sooner.
    ServerAlone,
}

fn table() -> Vec<(Of, String, By)> {
    use By::{Both, Nobody, UsAlone};
    use Of::{Collection, Database};
    let named =
        |of, by, names: &[&str]| names.iter().map(|name| (of, (*name).to_owned(), by)).collect::<Vec<_>>();
    let long = |of, length, by| vec![(of, "x".repeat(length), by)];
    [
        named(Database, Nobody, &["a", "Größe", "a-b_c", "a*b", "a<b>c", "a:b", "a|b", "a?b", "日本"]),
        long(Database, 63, Nobody),
        named(Database, Both, &["", "a/b", "a\\b", "a.b", ".", "a b", "a\"b", "a$b", "$a", "a\0b"]),
        long(Database, 64, Both),
        // In bytes, not in characters.
        vec![(Database, "ö".repeat(32), Both)],
        named(Collection, Nobody, &["a", "a.b.c", "a b/c\"", "größe", "a*b", "systems", "a.system.b"]),
        long(Collection, 253, Nobody),
        named(Collection, Both, &["", "a$b", "$a", "a$", "$cmd", "oplog.$main", ".a", "a\0b"]),
        long(Collection, 254, Both),
        vec![(Collection, "ö".repeat(127), Both)],
        // A part of the name would be empty. Clients have always refused that.
        named(Collection, UsAlone, &["a.", "a..b"]),
    ]
    .concat()
}

/// Whether the server stores a document there.
fn server_refuses(client: &mut Client, of: Of, name: &str) -> Option<Document> {
    let (database, collection) = match of {
        Of::Database => (name, "c"),
        Of::Collection => ("d", name),
    };
    let reply = client.run(doc! { "insert": collection, "documents": [{}], "$db": database }).unwrap();
    let refused = reply.get_f64("ok").ok() != Some(1.0) || reply.contains_key("writeErrors");
    refused.then_some(reply)
}

#[test]
fn names_are_refused_as_the_server_does() {
    let server = RealServer::start(Options::new()).unwrap();
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    let mut client = Client::connect(server.address());
    let mut different = Vec::new();
    for (of, name, expected) in table() {
        let ours = match of {
            Of::Database => connection.database(&name).map(drop),
            Of::Collection => connection.database("d").unwrap().collection(&name).map(drop),
        };
        if let Err(error) = &ours {
            assert_eq!(error.kind(), Kind::InvalidName, "{name:?}");
        }
        let theirs = server_refuses(&mut client, of, &name);
        let found = match (ours.is_err(), theirs.is_some()) {
            (false, false) => By::Nobody,
            (true, true) => By::Both,
            (true, false) => By::UsAlone,
            (false, true) => By::ServerAlone,
        };
        if found != expected {
            different.push(format!("{of:?} {name:?}: refused by {found:?}, not {expected:?}; {theirs:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
