//! The stable API's test of servers that require a version, on a scripted one: the real
//! server has no parameter `requireApiVersion`.

use actix_mongo::bson::doc;
use actix_mongo::{Connection, ServerApi, ServerApiVersion, WriteModel};
use test_support::{Rule, ScriptedServer, block_on};

use crate::support::SOON;

#[test]
fn a_server_that_requires_a_version_is_told_it_with_every_command() {
    let server = ScriptedServer::start_primary("rs");
    server.set_documents((0..5).map(|n| doc! { "_id": n }));
    server.rule(
        Rule::any()
            .when(|it| !it.body.get_str("apiVersion").is_ok_and(|it| it == "1"))
            .fail(322, "APIVersionError"),
    );
    let uri = format!("{}?replicaSet=rs", server.uri());
    let builder = Connection::builder().uri(uri).unwrap().server_api(ServerApi::new(ServerApiVersion::V1));
    let connection = block_on(builder.connect()).unwrap();
    let database = connection.database("d").unwrap();
    let things = database.collection("things").unwrap();
    block_on(async {
        database.run_command(doc! { "ping": 1 }).await.unwrap();
        things.insert_one(doc! {}).await.unwrap();
        things.update_one(doc! {}, doc! { "$set": { "a": 1 } }).await.unwrap();
        things.delete_one(doc! {}).await.unwrap();
        things.bulk_write([WriteModel::insert_one(doc! {})]).await.unwrap();
        things.aggregate([doc! { "$match": {} }]).await.unwrap();
        // One cursor is read to its end, and one is killed.
        assert_eq!(things.find(doc! {}).batch_size(2).await.unwrap().collect_all().await.unwrap().len(), 5);
        drop(things.find(doc! {}).batch_size(2).await.unwrap());
        connection.close(SOON).await;
    });
    let log = server.log();
    for name in
        ["ping", "insert", "update", "delete", "aggregate", "find", "getMore", "killCursors", "endSessions"]
    {
        assert!(log.count(name) > 0, "{name}");
    }
    for command in &log.commands {
        assert_eq!(command.body.get_str("apiVersion").ok(), Some("1"), "{}", command.body);
    }
}
