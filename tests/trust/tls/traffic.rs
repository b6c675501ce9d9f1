//! What is sent arrives, however large, and however little room there is on the way.

use actix_mongo::bson::{Binary, Bson, doc, spec::BinarySubtype};
use actix_mongo::{Connection, TlsOptions};
use test_support::{FaultProxy, block_on};

use super::authority::Authority;
use super::door::Door;
use super::scene::{builder, connect, ping};

/// Room in the system's buffers, less than one record.
const LITTLE: u32 = 4 * 1024;
/// Many records, and more than rustls keeps.
const LARGE: usize = 3 * 1024 * 1024;

fn send_large(connection: &Connection) {
    let bytes: Vec<u8> = (0..LARGE).map(|n| (n % 251) as u8).collect();
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
        send_large(&connection);
        // Several at once, so that frames are written together.
        let calls: Vec<_> = (0..20)
            .map(|n| {
                let connection = connection.clone();
                std::thread::spawn(move || match n % 5 {
                    0 => send_large(&connection),
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
