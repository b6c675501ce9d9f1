//! What is sent arrives, however large, and however little room there is on the way.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use actix_mongo::bson::{Binary, Bson, doc, spec::BinarySubtype};
use actix_mongo::{Connection, TlsOptions};
use test_support::fault_proxy::Traffic;
use test_support::poll::holds_within;
use test_support::{FaultProxy, block_on};

use super::authority::Authority;
use super::door::Door;
use super::scene::{SOON, builder, connect, ping};

/// Room in the system's buffers, less than one record.
const LITTLE: u32 = 4 * 1024;
/// Many records, and more than rustls keeps.
const LARGE: usize = 3 * 1024 * 1024;

fn send(connection: &Connection, size: usize) {
    let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    let bytes = Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes });
    let things = connection.database("d").unwrap().collection("c").unwrap();
    block_on(things.insert_one(doc! { "_id": 1, "bytes": bytes }).into_future()).unwrap();
}

#[test]
fn large_messages_pass_through_small_buffers() {
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    let proxy = FaultProxy::start_with_buffers(door.address(), LITTLE);
    let tls = || TlsOptions::new().ca_pem(authority.pem.as_str());
    for depth in [1, 8] {
        let connection = connect(builder(&proxy.uri(), tls()).max_pool_size(1).pipeline_depth(depth));
        send(&connection, LARGE);
        // Several at once, so that frames are written together.
        let calls: Vec<_> = (0..20)
            .map(|n| {
                let connection = connection.clone();
                std::thread::spawn(move || match n % 5 {
                    0 => send(&connection, LARGE),
                    _ => drop(ping(&connection).unwrap()),
                })
            })
            .collect();
        for call in calls {
            call.join().unwrap();
        }
    }
    let log = door.server.log();
    assert_eq!(log.protocol_errors, Vec::<String>::new());
    assert_eq!(log.count("insert"), 2 * (1 + 4));
    assert!(log.commands_named("insert").all(|insert| insert.length > LARGE));
}

/// rustls takes more than the system does, and keeps it. Messages that end within what it keeps
/// are sent to their end all the same, though nothing is written after them.
#[test]
fn the_end_of_a_message_that_was_stuck_is_sent() {
    /// Less than rustls keeps.
    const STEP: usize = 24 * 1024;
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    let proxy = FaultProxy::start_with_buffers(door.address(), 16 * LITTLE);
    let room = room(&proxy);
    for size in (room.saturating_sub(10 * STEP)..room + 10 * STEP).step_by(STEP) {
        let tls = TlsOptions::new().ca_pem(authority.pem.as_str());
        let connection = connect(builder(&proxy.uri(), tls).max_pool_size(1).timeout(SOON));
        proxy.up(Traffic::Stall);
        let call = std::thread::spawn(move || send(&connection, size));
        // Enough for what can be written; there is nothing to be seen of it.
        holds_within(Duration::from_millis(30), || false);
        proxy.pass();
        call.join().unwrap();
    }
    assert_eq!(door.server.log().count("insert"), 20);
}

/// What the system takes off the hands of a client whose server reads nothing.
fn room(proxy: &FaultProxy) -> usize {
    proxy.up(Traffic::Stall);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut room = 0;
    loop {
        match stream.write(&[0; 16 * 1024]) {
            Ok(bytes) => room += bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    drop(stream);
    proxy.pass();
    room
}
