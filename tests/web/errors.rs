//! What an HTTP client is told of errors that real servers cause, and what the log is.

use std::time::Duration;

use actix_mongo::bson::{Bson, Document, doc};
use actix_mongo::{Collection, Connection, Result};
use actix_web::ResponseError;
use actix_web::web::{Data, Path, get as method_get};
use test_support::block_on;
use tracing::Level;

use crate::host::{AMPLE, Host, Under, connect, real, uri};
use crate::http::{Answer, get};
use crate::logs::told;

/// What no client may see: it stands in documents, names and filters.
const SECRET: &str = "hunter2";

async fn fail(how: Path<String>, connection: Data<Connection>) -> Result<String> {
    let database = connection.database(&format!("web_{SECRET}_{}", std::process::id()))?;
    let things = database.collection(SECRET)?;
    match how.as_str() {
        "duplicate" => drop(things.insert_one(doc! { "_id": SECRET }).await?),
        "name" => drop(connection.database(&format!("{SECRET}."))?),
        "late" => {
            let slow = things.find_one(doc! { "$where": SECRET });
            drop(slow.timeout(Duration::from_nanos(1)).await?);
        }
        "command" => drop(database.run_command(doc! { "noSuchCommand": SECRET }).await?),
        "document" => drop(things.insert_one(doc! { "$a": SECRET, "x": Bson::MaxKey }).await?),
        "validation" => {
            let strict = database.collection("strict")?;
            drop(strict.insert_one(doc! { "name": SECRET }).await?);
        }
        other => panic!("{other}"),
    }
    Ok(String::new())
}

fn prepare(connection: &Connection) {
    let database = connection.database(&format!("web_{SECRET}_{}", std::process::id())).unwrap();
    let things: Collection = database.collection(SECRET).unwrap();
    block_on(async {
        database.drop().await.unwrap();
        things.insert_one(doc! { "_id": SECRET }).await.unwrap();
        let rule = doc! { "create": "strict", "validator": { "age": { "$exists": true } } };
        let _: Document = database.run_command(rule).await.unwrap();
    });
}

fn body(sentence: &str) -> String {
    format!(r#"{{"error":"{sentence}"}}"#)
}

#[test]
fn a_server_s_errors_become_answers_without_its_words() {
    let connection = connect(&uri());
    prepare(&connection);
    let data = Data::new(connection.clone());
    let host = Host::start(Under::Actix, AMPLE, connection, move |app| {
        app.app_data(data.clone()).route("/{how}", method_get().to(fail));
    });
    let ask = |how: &str| {
        let Answer { status, head, body } = get(host.address, &format!("/{how}"));
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(!head.contains(SECRET), "{head}");
        (status, body)
    };
    assert_eq!(ask("duplicate"), (409, body("an entry with this key exists already")));
    let bad = body("the request has something that the database does not take");
    assert_eq!(ask("name"), (400, bad.clone()));
    assert_eq!(ask("validation"), (400, bad));
    assert_eq!(ask("late"), (504, body("the database did not answer in time")));
    assert_eq!(ask("command"), (500, body("the request could not be carried out")));
    host.end();
}

#[test]
fn without_a_server_it_is_503_and_back_again_with_it() {
    let mut server = real();
    let string = format!("{}?serverSelectionTimeoutMS=300", server.uri());
    let connection = connect(&string);
    prepare(&connection);
    let data = Data::new(connection.clone());
    let host = Host::start(Under::Actix, AMPLE, connection, move |app| {
        app.app_data(data.clone()).route("/{how}", method_get().to(fail));
    });
    server.kill().unwrap();
    let answer = get(host.address, "/duplicate");
    assert_eq!((answer.status, answer.body), (503, body("the database is not available at the moment")));
    server.restart().unwrap();
    test_support::poll_until(Duration::from_secs(20), "the server to be found again", || {
        get(host.address, "/duplicate").status == 409
    });
    host.end();
}

#[test]
fn the_log_has_all_of_it_at_a_fitting_level() {
    let connection = connect(&uri());
    prepare(&connection);
    let database = connection.database(&format!("web_{SECRET}_{}", std::process::id())).unwrap();
    let things: Collection = database.collection(SECRET).unwrap();
    let duplicate = block_on(things.insert_one(doc! { "_id": SECRET }).into_future()).unwrap_err();
    let unknown = block_on(database.run_command(doc! { "noSuchCommand": 1 }).into_future()).unwrap_err();
    block_on(connection.close(Duration::from_secs(1)));
    let closed = block_on(things.find_one(doc! {}).into_future()).unwrap_err();
    for (error, level) in [(duplicate, Level::DEBUG), (unknown, Level::ERROR), (closed, Level::WARN)] {
        let (_, messages) = told("actix_mongo::web", || error.error_response());
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0].level, level);
        assert!(messages[0].text.contains(&error.to_string()), "{messages:?}");
    }
}
