//! A home in actix-web applications: answers for errors, health checks, and the end of a
//! server with its connection. Applications call it; nothing else in the crate does, and
//! no part of it takes a socket out of a pool.
//!
//! There is a guide with whole programs in the repository's `docs/actix-web.md`. In short:
//! make one [`Connection`](crate::Connection) before
//! [`HttpServer::new`](actix_web::HttpServer::new) and give each worker a clone of
//! [`web::Data`](actix_web::web::Data); return [`Error`](crate::Error)s from handlers by `?`;
//! add [`Health`] to the application, and run its server by [`run`].
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use actix_mongo::bson::{Document, doc};
//! use actix_mongo::web::{Health, run};
//! use actix_mongo::{Connection, Result};
//! use actix_web::web::{Data, Json, Path, get};
//! use actix_web::{App, HttpServer};
//!
//! async fn room(number: Path<i32>, connection: Data<Connection>) -> Result<Json<Option<Document>>> {
//!     let rooms = connection.database("hotel")?.collection("rooms")?;
//!     Ok(Json(rooms.find_one(doc! { "_id": number.into_inner() }).await?))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> std::io::Result<()> {
//! let connection = Connection::connect("mongodb://localhost:27017").await.map_err(std::io::Error::other)?;
//! let data = Data::new(connection.clone());
//! let health = Health::new(&connection);
//! let app = move || {
//!     App::new().app_data(data.clone()).service(health.clone()).route("/rooms/{number}", get().to(room))
//! };
//! let server = HttpServer::new(app).shutdown_timeout(20).bind("127.0.0.1:8080")?.run();
//! run(server, connection, Duration::from_secs(25)).await
//! # }
//! ```

mod health;
mod response;
mod run;

pub use self::health::{Health, liveness, readiness};
pub use self::run::{Run, run};

/// The guide's programs are compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../docs/actix-web.md")]
mod guide {}
