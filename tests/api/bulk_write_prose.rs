//! The CRUD specification's prose tests 3 to 7, 9, 11, 12, 15 and 16, each named by its
//! number, and what else a connection's bulk write promises. (8 is of transactions.)

use std::sync::{Arc, Mutex};

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{Collection, Connection, Kind, OperationResult, WriteConcern, WriteModel};
use test_support::real_server::Options;
use test_support::{RealServer, block_on, poll_until};

use crate::support::{SOON, whole};

/// A connection of its own server, and the commands that it sent.
struct Watched {
    connection: Connection,
    started: Arc<Mutex<Vec<Started>>>,
    batch: usize,
    document: usize,
    message: usize,
    _server: RealServer,
}

struct Started {
    name: String,
    operation: i64,
    command: Document,
}

impl Watched {
    fn new() -> Self {
        Self::with_options("")
    }

    fn with_options(options: &str) -> Self {
        // Keys of 8 MB do not fit into its usual cache: it would never answer.
        let roomy = Options::new().argument("--cache-size").argument("2G");
        let server = RealServer::start(roomy).unwrap_or_else(|error| panic!("{error}"));
        let started = Arc::new(Mutex::new(Vec::new()));
        let heard = started.clone();
        let builder = Connection::builder().uri(format!("{}{options}", server.uri())).unwrap();
        let builder = builder.on_events(EventKinds::COMMANDS, move |event| {
            let Event::CommandStarted(event) = event else { return };
            let command = Document::try_from(event.command.as_ref()).unwrap();
            let (name, operation) = (event.command_name.to_string(), event.operation_id);
            heard.lock().unwrap().push(Started { name, operation, command });
        });
        let connection = block_on(builder.connect()).unwrap();
        let hello =
            block_on(connection.database("db").unwrap().run_command(doc! { "hello": 1 }).into_future());
        let hello = hello.unwrap();
        let limit = |name| usize::try_from(whole(hello.get(name))).unwrap();
        let (batch, document) = (limit("maxWriteBatchSize"), limit("maxBsonObjectSize"));
        Self { connection, started, batch, document, message: limit("maxMessageSizeBytes"), _server: server }
    }

    fn things(&self) -> Collection {
        self.connection.database("db").unwrap().collection("coll").unwrap()
    }

    fn fail(&self, times: i32, data: Document) {
        let command = doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": data };
        block_on(self.connection.database("admin").unwrap().run_command(command).into_future()).unwrap();
    }

    /// The commands of this name since the last call.
    fn sent(&self, name: &str) -> Vec<Started> {
        block_on(self.connection.flush_events(SOON)).unwrap();
        let mut sent = std::mem::take(&mut *self.started.lock().unwrap());
        sent.retain(|started| started.name == name);
        sent
    }
}

impl Started {
    fn count(&self, list: &str) -> usize {
        self.command.get_array(list).unwrap().len()
    }

    fn names(&self) -> Vec<&str> {
        let infos = self.command.get_array("nsInfo").unwrap();
        infos.iter().map(|info| info.as_document().unwrap().get_str("ns").unwrap()).collect()
    }
}

fn repeated(model: &WriteModel, times: usize) -> impl Iterator<Item = (&'static str, WriteModel)> {
    std::iter::repeat_n(model, times).map(|model| ("db.coll", model.clone()))
}

fn insert(length: usize) -> WriteModel {
    WriteModel::insert_one(doc! { "a": "b".repeat(length) })
}

/// Each document needs an `_id` of its own, which models are given when they are made.
fn inserts(length: usize, count: usize) -> Vec<(&'static str, WriteModel)> {
    (0..count).map(|_| ("db.coll", insert(length))).collect()
}

#[test]
fn prose_3_splits_by_the_number_of_writes() {
    let watched = Watched::new();
    let count = watched.batch + 1;
    let result = block_on(watched.connection.bulk_write(inserts(1, count)).into_future()).unwrap();
    assert_eq!(result.inserted_count as usize, count);
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent.iter().map(|it| it.count("ops")).collect::<Vec<_>>(), [watched.batch, 1]);
    assert_eq!(sent[0].operation, sent[1].operation);
}

#[test]
fn prose_4_splits_by_the_size_of_the_message() {
    let watched = Watched::new();
    let count = watched.message / watched.document + 1;
    let models = inserts(watched.document - 500, count);
    let result = block_on(watched.connection.bulk_write(models).into_future()).unwrap();
    assert_eq!(result.inserted_count as usize, count);
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent.iter().map(|it| it.count("ops")).collect::<Vec<_>>(), [count - 1, 1]);
    assert_eq!(sent[0].operation, sent[1].operation);
}

#[test]
fn prose_5_collects_write_concern_errors() {
    let watched = Watched::with_options("&retryWrites=false");
    let concern = doc! { "code": 91, "errmsg": "Replication is being shut down" };
    watched.fail(2, doc! { "failCommands": ["bulkWrite"], "writeConcernError": concern });
    let count = watched.batch + 1;
    let error = block_on(watched.connection.bulk_write(inserts(1, count)).into_future()).unwrap_err();
    let failure = error.bulk_write_failure().unwrap();
    assert_eq!(failure.write_concern_errors.len(), 2);
    assert_eq!(failure.partial_result.as_ref().unwrap().inserted_count as usize, count);
    assert_eq!(watched.sent("bulkWrite").len(), 2);
}

#[test]
fn prose_6_collects_write_errors() {
    let watched = Watched::new();
    block_on(watched.things().insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    let (model, count) = (WriteModel::insert_one(doc! { "_id": 1 }), watched.batch + 1);
    let bulk = || watched.connection.bulk_write(repeated(&model, count));
    let error = block_on(bulk().ordered(false).into_future()).unwrap_err();
    assert_eq!(error.write_failure().unwrap().write_errors.len(), count);
    assert_eq!((error.namespace(), error.attempts()), (Some("admin"), 1));
    assert_eq!(error.bulk_write_failure().unwrap().partial_result, None);
    assert_eq!(watched.sent("bulkWrite").len(), 2);
    let error = block_on(bulk().into_future()).unwrap_err();
    assert_eq!(error.write_failure().unwrap().write_errors.len(), 1);
    assert_eq!(watched.sent("bulkWrite").len(), 1);
}

/// Two results that do not fit into one reply.
fn large_results(watched: &Watched) -> Vec<(String, WriteModel)> {
    let filter = |letter: &str| doc! { "_id": letter.repeat(watched.document / 2) };
    let model = |letter| WriteModel::update_one(filter(letter), doc! { "$set": { "x": 1 } }).upsert(true);
    ["a", "b"].map(|letter| (watched.things().namespace(), model(letter))).into()
}

#[test]
fn prose_7_reads_further_batches_of_results() {
    let watched = Watched::new();
    let bulk = watched.connection.bulk_write(large_results(&watched)).verbose_results(true);
    let result = block_on(bulk.into_future()).unwrap();
    assert_eq!(result.upserted_count, 2);
    assert_eq!(result.verbose_results.unwrap().len(), 2);
    assert_eq!(watched.sent("getMore").len(), 1);
}

#[test]
fn prose_9_tells_what_was_read_before_a_further_batch_failed() {
    let watched = Watched::new();
    watched.fail(1, doc! { "failCommands": ["getMore"], "errorCode": 8 });
    let bulk = watched.connection.bulk_write(large_results(&watched)).verbose_results(true);
    let error = block_on(bulk.into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, Some(8)));
    let partial = error.bulk_write_failure().unwrap().partial_result.clone().unwrap();
    assert_eq!((partial.upserted_count, partial.verbose_results.unwrap().len()), (2, 1));
    let mut sent = Vec::new();
    poll_until(SOON, "the cursor to be killed", || {
        block_on(watched.connection.flush_events(SOON)).unwrap();
        sent.append(&mut watched.started.lock().unwrap());
        sent.iter().any(|it| it.name == "killCursors")
    });
    assert_eq!(sent.iter().filter(|it| it.name == "getMore").count(), 1);
}

/// Operations that leave room for one more, but not for another name.
fn nearly_full(watched: &Watched) -> Vec<(String, WriteModel)> {
    let bytes = watched.message - 1122;
    let rest = bytes % watched.document;
    let mut models = inserts(watched.document - 57, bytes / watched.document);
    if rest >= 217 {
        models.push(("db.coll", insert(rest - 57)));
    }
    models.into_iter().map(|(name, model)| (name.to_owned(), model)).collect()
}

#[test]
fn prose_11_splits_where_a_new_name_has_no_room() {
    let watched = Watched::new();
    let mut models = nearly_full(&watched);
    models.push(("db.coll".into(), insert(1)));
    let count = models.len();
    let result = block_on(watched.connection.bulk_write(models).into_future()).unwrap();
    assert_eq!(result.inserted_count as usize, count);
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].count("ops"), sent[0].names()), (count, vec!["db.coll"]));

    let (mut models, long) = (nearly_full(&watched), format!("db.{}", "c".repeat(200)));
    models.push((long.clone(), insert(1)));
    let result = block_on(watched.connection.bulk_write(models).into_future()).unwrap();
    assert_eq!(result.inserted_count as usize, count);
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].count("ops"), sent[0].names()), (count - 1, vec!["db.coll"]));
    assert_eq!((sent[1].count("ops"), sent[1].names()), (1, vec![long.as_str()]));
}

#[test]
fn prose_12_an_operation_that_fits_nowhere_is_an_error() {
    let watched = Watched::new();
    let error = block_on(watched.connection.bulk_write([("db.coll", insert(watched.message))]).into_future());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.bulk_write_failure().is_none());
    let name = format!("db.{}", "c".repeat(watched.message));
    let error = block_on(watched.connection.bulk_write([(name, insert(1))]).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidName);
    assert!(watched.sent("bulkWrite").is_empty());
}

#[test]
fn prose_15_all_commands_of_an_unacknowledged_one_are_unacknowledged() {
    let watched = Watched::new();
    let things = watched.things();
    let create = watched.connection.database("db").unwrap().run_command(doc! { "create": "coll" });
    block_on(create.into_future()).unwrap();
    let fitting = watched.message / watched.document;
    let models = inserts(watched.document - 500, fitting + 1);
    let bulk = watched.connection.bulk_write(models).ordered(false).write_concern(WriteConcern::new().w(0));
    let result = block_on(bulk.into_future()).unwrap();
    assert!(!result.is_acknowledged());
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent.iter().map(|it| it.count("ops")).collect::<Vec<_>>(), [fitting, 1]);
    assert_eq!(sent[0].operation, sent[1].operation);
    for command in &sent {
        assert_eq!(whole(command.command.get_document("writeConcern").unwrap().get("w")), 0);
    }
    poll_until(SOON, "all to be inserted", || {
        block_on(things.count_documents(doc! {}).into_future()).unwrap() as usize == fitting + 1
    });
}

#[test]
fn prose_16_an_id_that_was_made_comes_first() {
    let watched = Watched::new();
    let model = || WriteModel::insert_one(doc! { "x": 1 });
    let first_key = |command: &Document, list: &str, inside: Option<&str>| {
        let document = command.get_array(list).unwrap()[0].as_document().unwrap();
        let document = inside.map_or(document, |inside| document.get_document(inside).unwrap());
        document.keys().next().unwrap().clone()
    };
    block_on(watched.things().insert_one(doc! { "x": 1 }).into_future()).unwrap();
    block_on(watched.things().bulk_write([model()]).into_future()).unwrap();
    for sent in watched.sent("insert") {
        assert_eq!(first_key(&sent.command, "documents", None), "_id");
    }
    block_on(watched.connection.bulk_write([("db.coll", model())]).into_future()).unwrap();
    assert_eq!(first_key(&watched.sent("bulkWrite")[0].command, "ops", Some("document")), "_id");
}

#[test]
fn verbose_results_tell_of_each_operation_and_of_those_before_a_refusal() {
    let watched = Watched::new();
    let models = || {
        [
            ("db.coll", WriteModel::insert_one(doc! { "_id": 8 })),
            ("db.other", WriteModel::update_one(doc! { "_id": 1 }, doc! { "$set": { "x": 1 } }).upsert(true)),
            ("db.coll", WriteModel::delete_many(doc! {})),
        ]
    };
    let bulk = watched.connection.bulk_write(models()).verbose_results(true);
    let result = block_on(bulk.into_future()).unwrap();
    assert_eq!((result.inserted_count, result.upserted_count, result.deleted_count), (1, 1, 1));
    let results = result.verbose_results.unwrap();
    assert!(matches!(&results[&0], OperationResult::Insert { inserted_id: Bson::Int32(8), .. }));
    assert!(matches!(&results[&1], OperationResult::Update { upserted_id: Some(Bson::Int32(1)), .. }));
    assert!(matches!(&results[&2], OperationResult::Delete { deleted_count: 1, .. }));
    let sent = watched.sent("bulkWrite");
    assert_eq!(sent[0].names(), ["db.coll", "db.other"]);
    assert_eq!(sent[0].command.get("txnNumber"), None, "one of its operations is of many documents");

    let again = models().into_iter().take(1).chain(models().into_iter().take(2));
    let error =
        block_on(watched.connection.bulk_write(again).verbose_results(true).into_future()).unwrap_err();
    assert!(error.is_duplicate_key());
    assert!(error.to_string().contains("1 of 3 operations refused; operation 1: "), "{error}");
    let partial = error.bulk_write_failure().unwrap().partial_result.as_ref().unwrap();
    assert_eq!(partial.verbose_results.as_ref().unwrap().keys().collect::<Vec<_>>(), [&0]);
    assert!(watched.sent("bulkWrite")[0].command.get("txnNumber").is_some());
}

#[test]
fn an_unmet_write_concern_does_not_keep_results_from_being_read() {
    let watched = Watched::new();
    let concern = doc! { "code": 64, "codeName": "WriteConcernFailed", "errmsg": "too slow" };
    watched.fail(1, doc! { "failCommands": ["bulkWrite"], "writeConcernError": concern });
    let bulk = watched.connection.bulk_write(large_results(&watched)).verbose_results(true);
    let error = block_on(bulk.into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(64)));
    let partial = error.bulk_write_failure().unwrap().partial_result.as_ref().unwrap();
    assert_eq!((partial.upserted_count, partial.verbose_results.as_ref().unwrap().len()), (2, 2));
    block_on(watched.connection.flush_events(SOON)).unwrap();
    let started = watched.started.lock().unwrap();
    let session = |name| started.iter().find(|it| it.name == name).unwrap().command.get("lsid").unwrap();
    assert_eq!(session("bulkWrite"), session("getMore"));
}
