//! `document_class`: what documents are read as, for a whole connection.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Collection, Connection, Kind, State};
use serde::{Deserialize, Serialize};
use test_support::block_on;

use crate::support::{Fixture, fixture};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Room {
    #[serde(rename = "_id")]
    number: i32,
    beds: i32,
}

/// A connection of its own, with one socket at most, whose documents are rooms.
fn rooms(fixture: &Fixture) -> (Connection<Room>, Collection<Room>) {
    let address = fixture.connection.state().servers[0].address.clone();
    let builder = Connection::builder().to(address).document_class::<Room>().max_pool_size(1);
    let connection = block_on(builder.connect()).unwrap();
    let rooms = connection.database(fixture.database.name()).unwrap().collection("rooms").unwrap();
    (connection, rooms)
}

fn sockets(state: &State) -> BTreeSet<u64> {
    let ids = state.servers.iter().flat_map(|server| &server.sockets).map(|socket| socket.id.0);
    ids.collect()
}

#[test]
fn the_builder_says_what_documents_are() {
    let fixture = fixture();
    let (connection, rooms) = rooms(&fixture);
    let room = Room { number: 7, beds: 2 };
    block_on(rooms.insert_one(&room).into_future()).unwrap();
    assert_eq!(block_on(rooms.find_one(doc! {}).into_future()).unwrap(), Some(room));
    assert!(connection.document_class().ends_with("::Room"), "{}", connection.document_class());
    assert!(fixture.connection.document_class().ends_with("::Document"));
    let lazy: Connection<Room> = Connection::builder().document_class().connect_lazy().unwrap();
    assert_eq!(lazy.document_class(), connection.document_class());
}

#[test]
fn a_handle_of_another_type_uses_the_same_sockets_and_ends_with_the_first() {
    let fixture = fixture();
    let (connection, rooms) = rooms(&fixture);
    let room = Room { number: 7, beds: 2 };
    block_on(rooms.insert_one(&room).into_future()).unwrap();
    let before = sockets(&connection.state());
    assert_eq!(before.len(), 1, "{before:?}");

    let untyped = connection.with_document_type::<Document>();
    let documents = untyped.database(fixture.database.name()).unwrap().collection("rooms").unwrap();
    let found = block_on(documents.find_one(doc! { "_id": 7 }).into_future()).unwrap();
    assert_eq!(found, Some(doc! { "_id": 7, "beds": 2 }));
    assert_eq!(sockets(&untyped.state()), before);
    assert_eq!(sockets(&connection.state()), before);

    // One runtime: it lives on with either, and ends for both.
    drop(connection);
    assert_eq!(block_on(rooms.find_one(doc! {}).into_future()).unwrap(), Some(room));
    block_on(untyped.close(Duration::from_secs(5)));
    assert_eq!(block_on(rooms.find_one(doc! {}).into_future()).unwrap_err().kind(), Kind::Closed);
}
