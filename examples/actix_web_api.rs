//! A small REST service over one collection: rooms of a hotel, each with its number.
//!
//! | Request | Answer |
//! |---|---|
//! | `POST /rooms` with `{"number":7,"beds":2}` | 201, or 409 if there is such a room |
//! | `GET /rooms?after=7&limit=20` | the rooms with higher numbers, and where the next page begins |
//! | `GET /rooms/7` | the room, or 404 |
//! | `PUT /rooms/7` with `{"beds":3}` | the room as it is now, or 404 |
//! | `DELETE /rooms/7` | 204, or 404 |
//! | `GET /health/live`, `GET /health/ready` | for whoever starts and stops this process |
//!
//! Any of them may answer 503 or 504 while the database is away; it recovers by itself.
//!
//! Run it with `MONGODB_URI=mongodb://localhost:27017 cargo run --features actix-web --example
//! actix_web_api`, and try `curl -i localhost:8080/rooms`. `LISTEN` names another address than
//! 127.0.0.1:8080; port 0 takes one that is free. Without a database in the connection string it
//! works in `actix_mongo_api`. SIGTERM lets requests under way finish, and then closes the
//! connection.

use std::process::ExitCode;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::web::{Health, run};
use actix_mongo::{Collection, Connection, IndexModel, ReturnDocument};
use actix_web::error::{ErrorNotFound, InternalError};
use actix_web::web::{Data, Json, JsonConfig, Path, PathConfig, Query, QueryConfig};
use actix_web::{App, HttpResponse, HttpServer, delete, get, post, put};
use serde::{Deserialize, Serialize};

/// The whole time that a stop may take: less than the orchestrator waits before it kills.
const GRACE: Duration = Duration::from_secs(25);
/// Of that, what requests under way have to finish.
const SHUTDOWN_SECONDS: u64 = 20;
/// One request's share of the database's time, with all that it may wait for.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Of that, what it may wait for a server: less, so that 503 says that there is none, and 504 that
/// there is one which takes too long.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rooms on a page.
const PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// A document of the collection, and a body of this service.
#[derive(Serialize, Deserialize)]
struct Room {
    number: i32,
    beds: u32,
}

#[derive(Deserialize)]
struct Change {
    beds: u32,
}

#[derive(Deserialize)]
struct Page {
    /// The last number of the page before.
    after: Option<i32>,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Rooms {
    rooms: Vec<Room>,
    /// What to give as `after` for the next page; nothing after the last one.
    next: Option<i32>,
}

/// The `?` in handlers turns each error of the database into an answer.
type Result<T, E = actix_mongo::Error> = std::result::Result<T, E>;

#[post("/rooms")]
async fn create(room: Json<Room>, rooms: Data<Collection<Room>>) -> Result<HttpResponse> {
    rooms.insert_one(&*room).await?;
    let place = format!("/rooms/{}", room.number);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(room))
}

/// Pages go by the key and not by a number of rooms to skip: the last page is as cheap as the
/// first, and rooms that come or go meanwhile shift nothing.
#[get("/rooms")]
async fn list(page: Query<Page>, rooms: Data<Collection<Room>>) -> Result<Json<Rooms>> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let filter = page.after.map_or_else(Document::new, |after| doc! { "number": { "$gt": after } });
    // One more than is asked for tells whether there is another page.
    let found = rooms.find(filter).sort(doc! { "number": 1 }).limit(limit + 1).await?;
    let mut rooms = found.collect_all().await?;
    let mut next = None;
    if rooms.len() as i64 > limit {
        rooms.pop();
        next = rooms.last().map(|room| room.number);
    }
    Ok(Json(Rooms { rooms, next }))
}

#[get("/rooms/{number}")]
async fn read(number: Path<i32>, rooms: Data<Collection<Room>>) -> Result<HttpResponse> {
    Ok(found(rooms.find_one(by(&number)).await?))
}

#[put("/rooms/{number}")]
async fn update(
    number: Path<i32>,
    change: Json<Change>,
    rooms: Data<Collection<Room>>,
) -> Result<HttpResponse> {
    let update = rooms.find_one_and_update(by(&number), doc! { "$set": { "beds": i64::from(change.beds) } });
    Ok(found(update.return_document(ReturnDocument::After).await?))
}

#[delete("/rooms/{number}")]
async fn remove(number: Path<i32>, rooms: Data<Collection<Room>>) -> Result<HttpResponse> {
    let gone = rooms.delete_one(by(&number)).await?.deleted_count > 0;
    Ok(if gone { HttpResponse::NoContent().finish() } else { found(None) })
}

fn by(number: &i32) -> Document {
    doc! { "number": number }
}

fn found(room: Option<Room>) -> HttpResponse {
    match room {
        Some(room) => HttpResponse::Ok().json(room),
        None => HttpResponse::NotFound().json(serde_json::json!({ "error": "there is no such room" })),
    }
}

/// What a client got wrong before a handler was called, in the form of all other errors.
fn refused(error: impl Into<actix_web::Error>) -> actix_web::Error {
    let error = error.into();
    let mut response = HttpResponse::build(error.as_response_error().status_code());
    let response = response.json(serde_json::json!({ "error": error.to_string() }));
    InternalError::from_response(error, response).into()
}

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let setting = |name, default: &str| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
    };
    let uri = setting("MONGODB_URI", "mongodb://localhost:27017");
    let builder = Connection::builder().uri(uri)?.timeout(TIMEOUT).server_selection_timeout(PATIENCE);
    let connection = builder.connect().await?;
    let database = match connection.default_database()? {
        Some(database) => database,
        None => connection.database("actix_mongo_api")?,
    };
    let rooms: Collection<Room> = database.collection_of("rooms")?;
    rooms.create_index(IndexModel::new(doc! { "number": 1 }).unique(true)).await?;

    // Made once, here; the closure below runs once for each worker, and clones what is there.
    let rooms = Data::new(rooms);
    let health = Health::new(&connection);
    let app = move || {
        App::new()
            .app_data(rooms.clone())
            .app_data(JsonConfig::default().error_handler(|error, _| refused(error)))
            .app_data(QueryConfig::default().error_handler(|error, _| refused(error)))
            .app_data(PathConfig::default().error_handler(|error, _| refused(ErrorNotFound(error))))
            .service(health.clone())
            .service((create, list, read, update, remove))
    };
    let server =
        HttpServer::new(app).shutdown_timeout(SHUTDOWN_SECONDS).bind(setting("LISTEN", "127.0.0.1:8080"))?;
    for address in server.addrs() {
        println!("Listening on http://{address}");
    }
    run(server.run(), connection, GRACE).await?;
    println!("Stopped.");
    Ok(())
}
