//! What an HTTP client is told of an [`Error`]: a status, and a sentence that is the same
//! for all errors of that status. Hosts, names, values and the server's words stay here; they
//! go to the log.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};

use crate::error::{Error, Kind, label};
use crate::topology::StateChange;

/// Seconds after which it is worth to ask again: pools open new sockets, and elections end,
/// within about as much.
const RETRY_SECONDS: &str = "1";

/// Answers for handlers that return `Result<_, Error>`.
///
/// | Status | For | `error` in the JSON body |
/// |---|---|---|
/// | 503 | no server to be had: none suits, none can be reached, the socket broke, the pool was cleared; too much to do: the queue or the gateway is full, no socket came free, the server is overloaded; the connection was closed | `the database is not available at the moment` |
/// | 504 | the call's own timeout, or the server's time limit for it or for its write concern, ran out | `the database did not answer in time` |
/// | 409 | a unique index refused the document ([`Error::is_duplicate_key`]), or what a copy would make exists already ([`Kind::AlreadyExists`](crate::Kind::AlreadyExists)) | `an entry with this key exists already` |
/// | 400 | a name, an argument or a document that can't be sent, is too large, or does not pass the collection's validation | `the request has something that the database does not take` |
/// | 500 | all else | `the request could not be carried out` |
///
/// The body is `{"error":"..."}` and nothing more: the error itself may name hosts and
/// quote documents. It goes to `tracing`, target `actix_mongo::web`: 500 at the level `ERROR`,
/// 503 and 504 at `WARN`, what the client did at `DEBUG`.
///
/// With 503 comes `Retry-After: 1`, except after the connection was closed, since it will not
/// come back, and except for an error that [may have had an effect](Error::may_have_run), so
/// that no client repeats a write by itself that may have been done.
///
/// Where one of these says too little, or too much, map the error in the handler:
/// `find.await.map_err(|error| ...)`.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        Class::of(self).status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let class = Class::of(self);
        class.log(self);
        let mut response = HttpResponse::build(class.status());
        if class == Class::Unavailable && self.kind() != Kind::Closed && !self.may_have_run() {
            response.insert_header((RETRY_AFTER, RETRY_SECONDS));
        }
        // Written by hand: the sentences have nothing that JSON would want changed.
        response.content_type("application/json").body(format!(r#"{{"error":"{}"}}"#, class.sentence()))
    }
}

/// What kind of answer an error gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Unavailable,
    Late,
    Duplicate,
    BadInput,
    Failed,
}

impl Class {
    fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::InvalidArgument | Kind::InvalidName | Kind::Encode | Kind::TooLarge => Self::BadInput,
            Kind::ConnectionFailure
            | Kind::AutoReconnect
            | Kind::ServerSelection
            | Kind::PoolCleared
            | Kind::WaitQueueTimeout
            | Kind::QueueFull
            | Kind::Busy
            | Kind::Closed => Self::Unavailable,
            Kind::Timeout => Self::Late,
            Kind::AlreadyExists => Self::Duplicate,
            Kind::Command | Kind::Write => Self::of_answer(error),
            _ => Self::Failed,
        }
    }

    /// Of what a server answered. Refused documents say more than a write concern that was not
    /// met besides: they were not written.
    fn of_answer(error: &Error) -> Self {
        if error.is_duplicate_key() {
            return Self::Duplicate;
        }
        if error.has_label(label::SYSTEM_OVERLOADED) {
            return Self::Unavailable;
        }
        let codes: Vec<i32> = match error.write_failure() {
            Some(failure) if !failure.write_errors.is_empty() => {
                failure.write_errors.iter().map(|error| error.code).collect()
            }
            _ => error.code().into_iter().collect(),
        };
        let all = |is: fn(i32) -> bool| !codes.is_empty() && codes.iter().all(|code| is(*code));
        if all(is_bad_input) {
            Self::BadInput
        } else if all(is_late) {
            Self::Late
        } else if all(is_unavailable) {
            Self::Unavailable
        } else {
            Self::Failed
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
            Self::Duplicate => StatusCode::CONFLICT,
            Self::BadInput => StatusCode::BAD_REQUEST,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Unavailable => "the database is not available at the moment",
            Self::Late => "the database did not answer in time",
            Self::Duplicate => "an entry with this key exists already",
            Self::BadInput => "the request has something that the database does not take",
            Self::Failed => "the request could not be carried out",
        }
    }

    fn log(self, error: &Error) {
        let (status, kind) = (self.status().as_u16(), error.kind());
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(target: "actix_mongo::web", status, ?kind, %error, "a request failed")
            };
        }
        match self {
            Self::Failed => tell!(error),
            Self::Unavailable | Self::Late => tell!(warn),
            Self::Duplicate | Self::BadInput => tell!(debug),
        }
    }
}

/// InvalidNamespace, DocumentValidationFailure, BSONObjectTooLarge.
fn is_bad_input(code: i32) -> bool {
    matches!(code, 73 | 121 | 10334)
}

/// MaxTimeMSExpired, WriteConcernTimeout (which the server calls WriteConcernFailed),
/// ExceededTimeLimit.
fn is_late(code: i32) -> bool {
    matches!(code, 50 | 64 | 262)
}

/// HostUnreachable, HostNotFound, NetworkTimeout, SocketException, FailedToSatisfyReadPreference,
/// and a server that is not what it was taken for.
fn is_unavailable(code: i32) -> bool {
    matches!(code, 6 | 7 | 89 | 133 | 9001) || StateChange::of(Some(code), "").is_some()
}

#[cfg(test)]
mod tests;
