//! Whether the process is alive, and whether it is ready for work: two routes, for whoever
//! decides to restart it or to send it requests.

use std::fmt;
use std::time::Duration;

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, Route, guard};
use serde::Serialize;

use crate::connection::{Access, Connection};
use crate::error::{Error, Kind};

/// Less than the second that an orchestrator commonly gives a check, which then hears a word
/// instead of nothing.
const BUDGET: Duration = Duration::from_millis(900);

/// Health checks of a connection, as a service of an application: `GET` (and `HEAD`)
/// `/health/live` and `/health/ready`.
///
/// | Route | 200 | 503 |
/// |---|---|---|
/// | `live` | `{"status":"alive"}`: the process answers | `{"status":"closed"}`: the connection was closed and will not come back |
/// | `ready` | `{"status":"ready"}`: a server that takes [writes](Access::Writes) answered just now | `{"status":"unavailable"}`: none did within the [budget](Self::budget); or `closed` |
///
/// Liveness asks nobody, and does not depend on the server: a process that is restarted because
/// its database is away helps nobody. Readiness is [`Connection::ready`]: it has a server
/// answer over a socket that is no part of any pool, so it waits for no other request, and ends
/// within its budget also if the server is frozen. Checks at the same time share one such
/// answer.
///
/// ```no_run
/// use std::time::Duration;
///
/// use actix_mongo::web::Health;
/// use actix_mongo::{Access, Connection};
/// use actix_web::App;
///
/// # fn example(connection: Connection) {
/// let health = Health::new(&connection).access(Access::Reads).budget(Duration::from_millis(500));
/// let app = App::new().service(health);
/// # }
/// ```
///
/// It needs no `Data` of the connection's, and holds a handle: the connection lives as long as
/// the application does.
pub struct Health<D = bson::Document> {
    connection: Connection<D>,
    path: String,
    access: Access,
    budget: Duration,
    details: bool,
}

impl<D> Health<D> {
    /// The checks of this connection: [writes](Access::Writes), within 900 ms, below
    /// `/health`, without details.
    pub fn new(connection: &Connection<D>) -> Self {
        Self {
            connection: connection.clone(),
            path: "/health".to_owned(),
            access: Access::Writes,
            budget: BUDGET,
            details: false,
        }
    }

    /// Where the two routes are: `live` and `ready` below this path. Default `/health`. What
    /// actix-web takes for the path of a [scope](actix_web::web::scope); an empty one is the
    /// root.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// What a server must take for the application to be ready. Default [`Access::Writes`];
    /// [`Access::Reads`] goes by the read preference of the handle that this was made of.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// How long readiness waits for a server's answer before it says no. Default 900 ms:
    /// just below the second that orchestrators commonly give a check; give theirs more than
    /// this one. It covers finding a server, and opening the socket for the first check.
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Whether readiness shows what it knows: the error, and each server with its address, its
    /// state and the counts of its pool. Default false. It is for operators, not for the public:
    /// errors and addresses tell of the inner network.
    #[must_use]
    pub fn details(mut self, show: bool) -> Self {
        self.details = show;
        self
    }

    async fn ready(&self) -> HttpResponse {
        let outcome = self.connection.ready(self.access, self.budget).await;
        let (status, word) = match &outcome {
            Ok(()) => (StatusCode::OK, "ready"),
            Err(error) if error.kind() == Kind::Closed => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        if let Err(error) = &outcome {
            tracing::debug!(target: "actix_mongo::web", %error, "not ready");
        }
        let details = self.details.then(|| Details::of(&self.connection, outcome.err()));
        answer(status, &Body { status: word, details })
    }
}

impl<D> Clone for Health<D> {
    fn clone(&self) -> Self {
        let Self { connection, path, access, budget, details } = self;
        Self {
            connection: connection.clone(),
            path: path.clone(),
            access: *access,
            budget: *budget,
            details: *details,
        }
    }
}

impl<D> fmt::Debug for Health<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("path", &self.path)
            .field("access", &self.access)
            .field("budget", &self.budget)
            .field("details", &self.details)
            .finish_non_exhaustive()
    }
}

impl<D: 'static> HttpServiceFactory for Health<D> {
    fn register(self, config: &mut AppService) {
        let live = Self::clone(&self);
        let path = self.path.clone();
        let live = asked().to(move || std::future::ready(alive(&live.connection)));
        let ready = asked().to(move || {
            let health = Self::clone(&self);
            async move { health.ready().await }
        });
        web::scope(&path).route("/live", live).route("/ready", ready).register(config);
    }
}

/// The handler behind [`Health`]'s `live`, for an application that has the connection as its
/// [`Data`] and routes of its own.
///
/// ```no_run
/// # use actix_web::{App, web};
/// # fn example(connection: actix_mongo::Connection) {
/// App::new()
///     .app_data(web::Data::new(connection))
///     .route("/livez", web::get().to(actix_mongo::web::liveness))
///     .route("/readyz", web::get().to(actix_mongo::web::readiness));
/// # }
/// ```
pub async fn liveness(connection: Data<Connection>) -> HttpResponse {
    alive(&connection)
}

/// The handler behind [`Health`]'s `ready` with the options that it begins with: a server that
/// takes writes has 900 ms to answer, and the body has no details. See [`liveness`].
pub async fn readiness(connection: Data<Connection>) -> HttpResponse {
    Health::new(&connection).ready().await
}

fn alive<D>(connection: &Connection<D>) -> HttpResponse {
    let (status, word) = match connection.is_closed() {
        false => (StatusCode::OK, "alive"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
    };
    answer(status, &Body { status: word, details: None })
}

fn asked() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Nobody may keep it: the next moment it may be wrong.
fn answer(status: StatusCode, body: &Body) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(body)
}

#[derive(Serialize)]
struct Body {
    status: &'static str,
    #[serde(flatten)]
    details: Option<Details>,
}

/// What operators see.
#[derive(Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    topology: String,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    address: String,
    kind: String,
    round_trip_ms: Option<f64>,
    checked_ms_ago: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    pool: Option<Counts>,
}

#[derive(Serialize)]
struct Counts {
    state: &'static str,
    sockets: usize,
    idle: usize,
    opening: usize,
    in_flight: usize,
    waiting: usize,
}

impl Details {
    fn of<D>(connection: &Connection<D>, error: Option<Error>) -> Self {
        let state = connection.state();
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let servers = state.servers.into_iter().map(|server| Server {
            address: server.address.to_string(),
            kind: server.kind.to_string(),
            round_trip_ms: server.round_trip.map(ms),
            checked_ms_ago: server.age.map(ms),
            error: server.error.map(|error| error.to_string()),
            pool: server.pool.map(|pool| Counts {
                state: pool.state,
                sockets: pool.total,
                idle: pool.idle,
                opening: pool.pending,
                in_flight: pool.in_flight,
                waiting: pool.queued,
            }),
        });
        Self {
            error: error.map(|error| error.to_string()),
            topology: state.kind.to_string(),
            servers: servers.collect(),
        }
    }
}
