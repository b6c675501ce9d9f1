//! What `copy_database` sends: options by their names, documents and definitions as they came.
//! Scripted servers play source and target, with indexes that the real server does not have.

use actix_mongo::bson::{Document, doc};
use actix_mongo::operations::CopyDatabase;
use actix_mongo::{Connection, CopyReport, Error, Kind, ReadConcern, WriteConcern};
use test_support::{Hello, Rule, ScriptedServer, block_on};

struct Scene {
    source: ScriptedServer,
    target: ScriptedServer,
    connection: Connection,
}

fn cursor(documents: Vec<Document>) -> Document {
    doc! { "cursor": { "id": 0_i64, "ns": "from.rooms", "firstBatch": documents }, "ok": 1 }
}

/// As a server lists them, with a field of a release to come.
fn options() -> Document {
    doc! { "validator": { "number": { "$gt": 0 } }, "unheardOf": { "a": 1 } }
}

fn indexes() -> Vec<Document> {
    vec![
        doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_", "ns": "from.rooms" },
        doc! { "v": 2, "key": { "_fts": "text", "_ftsx": 1 }, "name": "text", "ns": "from.rooms",
        "weights": { "note": 3 }, "default_language": "german", "language_override": "l", "textIndexVersion": 3 },
        doc! { "v": 2, "key": { "number": "hashed" }, "name": "hashed" },
        doc! { "v": 2, "key": { "place": "2d" }, "name": "flat", "bits": 20, "min": -10.0, "max": 10.0 },
    ]
}

fn documents() -> Vec<Document> {
    (1..=6).map(|number| doc! { "note": "x".repeat(100), "_id": number, "number": number }).collect()
}

fn scene_of(target: Hello, listed: Document) -> Scene {
    let source = ScriptedServer::start_primary("rs");
    source.rule(Rule::on("listCollections").reply(cursor(vec![listed])));
    source.rule(Rule::on("listIndexes").reply(cursor(indexes())));
    source.rule(Rule::on("count").reply(doc! { "n": 6, "ok": 1 }));
    source.rule(Rule::on("find").reply(cursor(documents())));
    let target = ScriptedServer::builder().hello(target).start();
    target.rule(Rule::on("listCollections").reply(cursor(vec![])));
    for command in ["create", "createIndexes", "dropDatabase"] {
        target.rule(Rule::on(command).reply(doc! { "ok": 1 }));
    }
    target.rule(Rule::on("insert").reply_with(|insert| {
        doc! { "n": insert.body.get_array("documents").map_or(0, Vec::len) as i32, "ok": 1 }
    }));
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", target.uri()))).unwrap();
    Scene { source, target, connection }
}

fn scene() -> Scene {
    scene_to(Hello::primary("rs"))
}

fn scene_to(target: Hello) -> Scene {
    let info = doc! { "readOnly": false };
    scene_of(target, doc! { "name": "rooms", "type": "collection", "options": options(), "info": info })
}

impl Scene {
    fn copy(&self) -> CopyDatabase {
        self.connection.copy_database("from", "to").from_host(format!("{}?replicaSet=rs", self.source.uri()))
    }

    #[track_caller]
    fn run(&self, copy: CopyDatabase) -> CopyReport {
        block_on(copy.into_future()).unwrap()
    }

    fn fail(&self, copy: CopyDatabase) -> Error {
        block_on(copy.into_future()).unwrap_err()
    }

    /// The commands of this name that the target got.
    fn sent(&self, name: &str) -> Vec<Document> {
        self.target.log().commands_named(name).map(|command| command.body.clone()).collect()
    }
}

#[test]
fn definitions_go_through_as_they_were_listed() {
    let scene = scene();
    let report = scene.run(scene.copy());
    let create = &scene.sent("create")[0];
    assert_eq!(create.get_str("create").unwrap(), "rooms");
    for (key, value) in options() {
        assert_eq!(create.get(&key), Some(&value));
    }
    let mut expected = indexes().split_off(1);
    expected[0].remove("ns");
    let made: Vec<Document> = scene.sent("createIndexes")[0]
        .get_array("indexes")
        .unwrap()
        .iter()
        .map(|index| index.as_document().unwrap().clone())
        .collect();
    assert_eq!(made, expected);
    assert_eq!(report.indexes(), 3);
    let names: Vec<String> = scene
        .target
        .log()
        .commands
        .iter()
        .filter(|one| !one.is_hello())
        .map(|one| one.name.clone())
        .collect();
    assert_eq!(
        names[..4],
        ["listCollections", "create", "insert", "createIndexes"],
        "indexes after documents"
    );
}

#[test]
fn documents_go_through_as_they_came() {
    let scene = scene();
    let report = scene.run(scene.copy());
    let insert = &scene.sent("insert")[0];
    let sent: Vec<Document> =
        insert.get_array("documents").unwrap().iter().map(|one| one.as_document().unwrap().clone()).collect();
    // With `_id` where it was: a document that is read and written anew has it in front.
    assert_eq!(sent, documents());
    assert_eq!(sent[0].keys().next().unwrap(), "note");
    assert!(insert.get_bool("ordered").unwrap() && insert.get_bool("bypassDocumentValidation").unwrap());
    assert_eq!((report.documents(), report.collections.len()), (6, 1));
}

#[test]
fn a_comment_and_a_write_concern_reach_every_command() {
    let scene = scene();
    let copy = scene.copy().comment("why").write_concern(WriteConcern::majority()).batch_size(77);
    scene.run(copy.existing(actix_mongo::ExistingTarget::Drop));
    for server in [&scene.source, &scene.target] {
        let log = server.log();
        let own = |one: &&test_support::scripted::CommandRecord| {
            !one.is_hello() && one.name != "endSessions" && one.name != "killCursors"
        };
        assert!(log.commands.iter().any(|one| one.name == "listCollections"));
        for command in log.commands.iter().filter(own) {
            assert_eq!(command.body.get_str("comment").ok(), Some("why"), "{}", command.name);
        }
    }
    for name in ["create", "insert", "createIndexes"] {
        let sent = &scene.sent(name)[0];
        assert_eq!(sent.get_document("writeConcern").unwrap(), &doc! { "w": "majority" }, "{name}");
    }
    let log = scene.source.log();
    assert_eq!(log.commands_named("find").next().unwrap().body.get_i32("batchSize").unwrap(), 77);
}

#[test]
fn reads_have_the_concern_of_the_source_and_writes_the_session() {
    let scene = scene();
    let source = block_on(Connection::connect(format!("{}?replicaSet=rs", scene.source.uri()))).unwrap();
    let session = scene.connection.start_session().start().unwrap();
    let copy = scene.copy().from_host(source.with_read_concern(ReadConcern::majority()));
    scene.run(copy.session(&session));
    let log = scene.source.log();
    let find = &log.commands_named("find").next().unwrap().body;
    assert_eq!(find.get_document("readConcern").unwrap(), &doc! { "level": "majority" });
    let log = scene.target.log();
    let sessions = log.commands.iter().filter_map(|command| command.body.get("lsid"));
    assert!(
        sessions.clone().count() >= 4 && sessions.clone().all(|one| Some(one) == sessions.clone().next())
    );
    let own = find.get("lsid").unwrap();
    assert!(sessions.clone().all(|one| one != own), "the source has a session of its own");
}

#[test]
fn insertions_are_cut_by_bytes_and_by_what_the_target_takes() {
    let scene = scene();
    let inserted = |scene: &Scene| -> Vec<usize> {
        scene.sent("insert").iter().map(|insert| insert.get_array("documents").unwrap().len()).collect()
    };
    // Each has some 140 bytes.
    scene.run(scene.copy().batch_bytes(300));
    assert_eq!(inserted(&scene), [2, 2, 2]);
    scene.run(scene.copy().batch_bytes(1));
    assert_eq!(inserted(&scene)[3..], [1; 6]);
    let few = scene_to(Hello::primary("rs").with("maxWriteBatchSize", 4));
    few.run(few.copy());
    assert_eq!(inserted(&few), [4, 2]);
}

#[test]
fn a_document_that_the_target_can_not_take_is_named() {
    let scene = scene_to(Hello::primary("rs").with("maxBsonObjectSize", 100));
    let error = scene.fail(scene.copy());
    assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    assert!(error.to_string().contains("_id Int32(1)") && error.to_string().contains("to.rooms"), "{error}");
    assert!(scene.sent("insert").is_empty());
}

#[test]
fn what_a_server_says_is_not_trusted() {
    let lists = |listed: Document, kind| {
        let scene = scene_of(Hello::primary("rs"), listed);
        assert_eq!(scene.fail(scene.copy()).kind(), kind);
        assert!(scene.sent("create").is_empty());
    };
    lists(doc! { "type": "collection" }, Kind::Decode);
    lists(doc! { "name": "a$b", "type": "collection" }, Kind::InvalidName);
    lists(doc! { "name": "rooms", "type": "heap" }, Kind::Unsupported);
}
