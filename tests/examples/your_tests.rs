//! The tests that docs/testing-your-application.md shows, as they stand there; the last one
//! holds the page to that.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix::{Actor, Context, Handler, Recipient};
use actix_mongo::bson::{Document, doc};
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::messages::FindOne;
use actix_mongo::{Collection, Connection, Database, Kind};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};

use crate::support::shared_uri as uri;

/// One connection for all tests of the program. Made without a runtime, and used from each.
fn connection() -> &'static Connection {
    static CONNECTION: OnceLock<Connection> = OnceLock::new();
    CONNECTION.get_or_init(|| Connection::connect_lazy(uri()).unwrap())
}

/// A database that no other test has.
struct TestDatabase(Database);

impl TestDatabase {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        Self(connection().database(&name).unwrap())
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = self.0.drop().into_future();
        // On a thread of its own, since this one may be inside a runtime.
        let dropped = std::thread::spawn(|| actix::System::new().block_on(drop)).join();
        // A test that failed has said why; no second panic hides it.
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}

/// What is tested: an application's own code.
async fn book(rooms: &Collection, number: i32, guest: &str) -> actix_mongo::Result<bool> {
    let free = doc! { "_id": number, "guest": null };
    let update = doc! { "$set": { "guest": guest } };
    Ok(rooms.update_one(free, update).await?.modified_count == 1)
}

#[actix::test]
async fn a_room_is_booked_once() {
    let hotel = TestDatabase::new();
    let rooms = hotel.0.collection("rooms").unwrap();
    rooms.insert_one(doc! { "_id": 7, "guest": null }).await.unwrap();
    assert!(book(&rooms, 7, "Ada").await.unwrap());
    assert!(!book(&rooms, 7, "Bob").await.unwrap());
}

#[tokio::test]
async fn a_room_that_is_not_there_is_not_booked() {
    let hotel = TestDatabase::new();
    let rooms = hotel.0.collection("rooms").unwrap();
    assert!(!book(&rooms, 7, "Ada").await.unwrap());
}

/// What is tested: a handler.
async fn put_guest(rooms: web::Data<Collection>, number: web::Path<i32>, guest: String) -> HttpResponse {
    match book(&rooms, *number, &guest).await {
        Ok(true) => HttpResponse::NoContent().finish(),
        Ok(false) => HttpResponse::Conflict().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

#[actix_web::test]
async fn a_room_is_booked_over_http() {
    let hotel = TestDatabase::new();
    let rooms = hotel.0.collection("rooms").unwrap();
    rooms.insert_one(doc! { "_id": 7, "guest": null }).await.unwrap();
    let app =
        App::new().app_data(web::Data::new(rooms)).route("/rooms/{number}/guest", web::put().to(put_guest));
    let service = init_service(app).await;
    for expected in [StatusCode::NO_CONTENT, StatusCode::CONFLICT] {
        let request = TestRequest::put().uri("/rooms/7/guest").set_payload("Ada").to_request();
        assert_eq!(call_service(&service, request).await.status(), expected);
    }
}

#[actix::test]
async fn a_booking_costs_one_command() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let heard = names.clone();
    let connection = Connection::builder()
        .uri(uri())
        .unwrap()
        .on_events(EventKinds::COMMANDS, move |event| {
            if let Event::CommandStarted(command) = event {
                heard.lock().unwrap().push(command.command_name.to_string());
            }
        })
        .connect()
        .await
        .unwrap();
    let hotel = TestDatabase::new();
    let rooms = connection.database(hotel.0.name()).unwrap().collection("rooms").unwrap();
    book(&rooms, 7, "Ada").await.unwrap();
    connection.flush_events(Duration::from_secs(5)).await.unwrap();
    assert_eq!(*names.lock().unwrap(), ["update"]);
}

#[actix::test]
async fn a_booking_survives_a_lost_answer() {
    let name = format!("test_{}_lost", std::process::id());
    let builder = Connection::builder().uri(uri()).unwrap().app_name(&name);
    let connection = builder.connect().await.unwrap();
    let hotel = TestDatabase::new();
    let rooms = connection.database(hotel.0.name()).unwrap().collection("rooms").unwrap();
    rooms.insert_one(doc! { "_id": 7, "guest": null }).await.unwrap();

    // The next update over this connection, and no other, is read and not answered.
    let data = doc! { "failCommands": ["update"], "closeConnection": true, "appName": &name };
    let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
    connection.database("admin").unwrap().run_command(fail).await.unwrap();
    assert!(book(&rooms, 7, "Ada").await.unwrap(), "the driver tried again");
}

#[actix::test]
async fn without_a_database_a_booking_fails_at_once() {
    let builder = Connection::builder().hosts(["127.0.0.1:1"]).unwrap();
    let connection = builder.server_selection_timeout(Duration::ZERO).connect_lazy().unwrap();
    let rooms = connection.database("hotel").unwrap().collection("rooms").unwrap();
    let error = book(&rooms, 7, "Ada").await.unwrap_err();
    assert_eq!(error.kind(), Kind::ServerSelection);
    assert!(!error.may_have_run());
}

/// What is tested: it takes whoever answers the message.
async fn guest(rooms: &Recipient<FindOne>, number: i32) -> Option<String> {
    let room = rooms.send(FindOne::new("hotel", "rooms", doc! { "_id": number })).await.ok()?.ok()??;
    room.get_str("guest").ok().map(str::to_owned)
}

/// Stands in for the gateway of a connection.
struct Canned(Option<Document>);

impl Actor for Canned {
    type Context = Context<Self>;
}

impl Handler<FindOne> for Canned {
    type Result = actix_mongo::Result<Option<Document>>;

    fn handle(&mut self, _: FindOne, _: &mut Self::Context) -> Self::Result {
        Ok(self.0.clone())
    }
}

#[actix::test]
async fn actors_are_tested_without_a_server() {
    let rooms = Canned(Some(doc! { "_id": 7, "guest": "Ada" })).start().recipient();
    assert_eq!(guest(&rooms, 7).await.as_deref(), Some("Ada"));
    let rooms = Canned(None).start().recipient();
    assert_eq!(guest(&rooms, 7).await, None);
}

/// The page shows this file, and nothing that is not in it.
#[test]
fn the_page_shows_these_tests() {
    let page = include_str!("../../docs/testing-your-application.md");
    let file = include_str!("your_tests.rs");
    let snippets: Vec<_> =
        page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(snippets.len() >= 6);
    for snippet in snippets {
        assert!(file.contains(snippet), "not in tests/examples/your_tests.rs:\n{snippet}");
    }
    let tests = file.matches("::test]\nasync fn ").count();
    assert_eq!(page.matches("::test]\nasync fn ").count(), tests, "each test is shown");
}
