//! Compressed traffic with the real server. Its own packing of replies is what is read here.

use actix_mongo::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use actix_mongo::{Builder, Collection, Compressor, Connection, Kind, MonitoringMode, WriteConcern};
use std::net::SocketAddr;
use test_support::real_server::Options;
use test_support::{FaultProxy, RealServer, block_on, poll_until};

use crate::support::{SOON, fixture};

/// A server of its own, a proxy that counts before it, and a connection through that.
struct Scene {
    connection: Connection,
    things: Collection,
    proxy: FaultProxy,
    _server: RealServer,
}

impl Scene {
    fn new(change: impl FnOnce(Builder) -> Builder) -> Self {
        let server = RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
        let address: SocketAddr = server.address();
        let proxy = FaultProxy::start(address);
        let builder = Connection::builder().uri(proxy.uri()).unwrap().monitoring_mode(MonitoringMode::Poll);
        let connection = block_on(change(builder).connect()).unwrap();
        let things = connection.database("d").unwrap().collection("c").unwrap();
        Self { connection, things, proxy, _server: server }
    }

    fn insert(&self, document: &Document) {
        block_on(self.things.insert_one(document).into_future()).unwrap();
    }

    fn find(&self, id: i32) -> Document {
        block_on(self.things.find_one(doc! { "_id": id }).into_future()).unwrap().unwrap()
    }

    /// Bytes that passed up and down while this was done.
    fn bytes(&self, work: impl FnOnce()) -> (u64, u64) {
        let (up, down) = self.proxy.bytes();
        work();
        let (after_up, after_down) = self.proxy.bytes();
        (after_up - up, after_down - down)
    }
}

fn filled(id: i32, size: usize) -> Document {
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(size / 45);
    doc! { "_id": id, "text": text }
}

#[test]
fn fewer_bytes_travel_both_ways_with_each_compressor() {
    for compressor in Compressor::ALL {
        let scene = Scene::new(|builder| builder.compressors([compressor]));
        // Below and above what a caller compresses itself.
        for (id, size) in [(1, 10_000), (2, 1_000_000)] {
            let document = filled(id, size);
            let (up, _) = scene.bytes(|| scene.insert(&document));
            let (_, down) = scene.bytes(|| assert_eq!(scene.find(id), document));
            let most = size as u64 / 5;
            assert!(up < most && down < most, "{compressor:?} {size}: {up} up, {down} down");
        }
        let limits = scene.connection.state().servers[0].pool.as_ref().unwrap().limits;
        assert_eq!(limits.compressor, Some(compressor));
    }
}

#[test]
fn the_largest_documents_travel_both_ways() {
    const MOST: usize = 16 * 1024 * 1024 - 100;
    for compressor in Compressor::ALL {
        let scene = Scene::new(|builder| builder.compressors([compressor]).zlib_compression_level(1));
        let text = filled(1, MOST);
        // Nothing to be gained: it gets larger.
        let mut random = fastrand::Rng::with_seed(7);
        let mut bytes = vec![0; MOST];
        random.fill(&mut bytes);
        let noise = Binary { subtype: BinarySubtype::Generic, bytes };
        let noise = doc! { "_id": 2, "noise": noise };
        for (id, document) in [(1, &text), (2, &noise)] {
            scene.insert(document);
            assert!(scene.find(id) == *document, "{compressor:?}: document {id} has changed");
        }
        assert_eq!(block_on(scene.things.count_documents(doc! {}).into_future()).unwrap(), 2);
    }
}

#[test]
fn many_documents_cursors_and_writes_without_an_answer() {
    for compressor in Compressor::ALL {
        let scene =
            Scene::new(|builder| builder.compressors([compressor]).pipeline_depth(16).max_pool_size(1));
        let all: Vec<Document> = (0..2000).map(|id| filled(id, 500)).collect();
        block_on(scene.things.insert_many(&all).into_future()).unwrap();
        let sorted = scene.things.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(100);
        let found: Vec<Document> = block_on(async {
            let mut cursor = sorted.await.unwrap();
            let mut found = Vec::new();
            while let Some(document) = cursor.try_next().await.unwrap() {
                found.push(document);
            }
            found
        });
        assert!(found == all, "{compressor:?}");
        let unacknowledged =
            scene.things.insert_one(filled(5000, 400_000)).write_concern(WriteConcern::new().w(0));
        block_on(unacknowledged.into_future()).unwrap();
        let count = || block_on(scene.things.count_documents(doc! { "_id": 5000 }).into_future()).unwrap();
        poll_until(SOON, "the write", || count() == 1);
    }
}

#[test]
fn users_are_made_without_compression() {
    let scene = Scene::new(|builder| builder.compressors([Compressor::Zstd]));
    let database = scene.connection.database("d").unwrap();
    let run = |command: Document| {
        scene.bytes(|| drop(block_on(database.run_command(command).into_future()).unwrap())).0
    };
    let comment = "x".repeat(5000);
    let user = doc! { "createUser": "eve", "pwd": "p", "roles": [], "customData": { "comment": &comment } };
    assert!(run(user) > 5000, "it went as it is");
    assert!(run(doc! { "usersInfo": "eve", "comment": &comment }) < 1000);
    assert!(run(doc! { "dropUser": "eve", "comment": Bson::from(comment) }) < 1000);
}

#[test]
fn connection_strings_choose_as_the_builder_does() {
    let fixture = fixture();
    let address = fixture.connection.state().servers[0].address.to_string();
    let rows = [
        ("compressors=zlib,snappy&zlibCompressionLevel=9", Some(Compressor::Zlib)),
        ("compressors=snappy,zlib", Some(Compressor::Snappy)),
        ("compressors=snoopy,zstd", Some(Compressor::Zstd)),
        ("compressors=snoopy", None),
        ("zlibCompressionLevel=3", None),
    ];
    for (options, expected) in rows {
        let uri = format!("mongodb://{address}/?directConnection=true&{options}");
        let connection = block_on(Connection::connect(uri)).unwrap();
        let ping = connection.database("d").unwrap().run_command(doc! { "ping": 1 });
        block_on(ping.into_future()).unwrap();
        let limits = connection.state().servers[0].pool.as_ref().unwrap().limits;
        assert_eq!(limits.compressor, expected, "{options}");
    }
}

#[test]
fn a_level_that_zlib_does_not_have_is_refused() {
    for level in [-2, 10] {
        let refused = Connection::builder().zlib_compression_level(level).connect_lazy().unwrap_err();
        assert_eq!(refused.kind(), Kind::InvalidArgument);
    }
}
