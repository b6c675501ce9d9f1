//! Statuses and bodies, of errors with something to hide in every place there is.

use actix_web::body::{MessageBody, to_bytes};
use bson::rawdoc;

use super::*;
use crate::error::{WriteConcernError, WriteError, WriteFailure};

/// What no client may see.
const SECRET: &str = "hunter2";

/// An error with secrets in all places that an error has.
fn error(kind: Kind) -> Error {
    Error::new(kind, format!("no {SECRET}"))
        .with_server(format!("{SECRET}.internal:27017"))
        .with_operation("find")
        .with_call(SECRET, Some(SECRET), 2)
        .with_response(rawdoc! { "ok": 0, "errmsg": SECRET })
        .with_source(std::io::Error::other(SECRET))
        .with_label(SECRET)
}

fn command(code: i32) -> Error {
    error(Kind::Command).with_code(code, Some(SECRET.to_owned()))
}

fn write(codes: &[i32], concern: Option<i32>) -> Error {
    let write_errors = codes.iter().enumerate().map(|(index, code)| {
        let details = Some(rawdoc! { "rule": SECRET });
        WriteError { details, ..WriteError::new(index, *code, SECRET) }
    });
    error(Kind::Write).with_write_failure(WriteFailure {
        write_errors: write_errors.collect(),
        write_concern_error: concern.map(|code| WriteConcernError::new(code, SECRET, SECRET)),
        completed: 1,
    })
}

/// Status, `Retry-After`, and the body.
fn answer(error: &Error) -> (u16, Option<String>, String) {
    let response = error.error_response();
    assert_eq!(response.status(), error.status_code());
    let headers = response.headers();
    assert_eq!(headers.get("content-type").unwrap(), "application/json");
    assert!(!format!("{headers:?}").contains(SECRET));
    let retry = headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().try_into_bytes().unwrap();
    (status, retry, String::from_utf8(body.to_vec()).unwrap())
}

fn statuses(errors: impl IntoIterator<Item = Error>) -> Vec<u16> {
    errors.into_iter().map(|error| answer(&error).0).collect()
}

#[test]
fn each_kind_has_its_status_and_shows_nothing_from_within() {
    let (bad, none, late, else_) = (400, 503, 504, 500);
    for (kind, status) in [
        (Kind::InvalidUri, else_),
        (Kind::InvalidArgument, bad),
        (Kind::InvalidName, bad),
        (Kind::Unsupported, else_),
        (Kind::Encode, bad),
        (Kind::Decode, else_),
        (Kind::TooLarge, bad),
        (Kind::ConnectionFailure, none),
        (Kind::Authentication, else_),
        (Kind::AutoReconnect, none),
        (Kind::ServerSelection, none),
        (Kind::PoolCleared, none),
        (Kind::WaitQueueTimeout, none),
        (Kind::QueueFull, none),
        (Kind::Busy, none),
        (Kind::Timeout, late),
        (Kind::Protocol, else_),
        (Kind::Command, else_),
        (Kind::Write, else_),
        (Kind::Closed, none),
        (Kind::Internal, else_),
    ] {
        let error = error(kind);
        assert!(error.to_string().contains(SECRET), "or this test proves nothing");
        let (found, _, body) = answer(&error);
        assert_eq!(found, status, "{kind:?}");
        assert!(!body.contains(SECRET), "{body}");
        let read: bson::Document = serde_json::from_str(&body).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["error"]);
    }
}

#[test]
fn an_answer_of_the_server_is_judged_by_its_code() {
    assert_eq!(statuses([11000, 11001, 12582].map(command)), [409; 3]);
    assert_eq!(statuses([73, 121, 10334].map(command)), [400; 3]);
    assert_eq!(statuses([50, 64, 262].map(command)), [504; 3]);
    assert_eq!(statuses([6, 7, 89, 91, 133, 189, 9001, 10107, 11600, 13436].map(command)), [503; 10]);
    assert_eq!(statuses([2, 9, 13, 18, 59].map(command)), [500; 5]);
    assert_eq!(answer(&command(462).with_label(label::SYSTEM_OVERLOADED)).0, 503);
}

#[test]
fn refused_documents_are_judged_together() {
    assert_eq!(answer(&write(&[11000], None)).0, 409);
    assert_eq!(answer(&write(&[121, 11000], None)).0, 409);
    assert_eq!(answer(&write(&[121, 121], None)).0, 400);
    assert_eq!(answer(&write(&[121, 2], None)).0, 500);
    // They were not written, whatever became of the others.
    assert_eq!(answer(&write(&[121], Some(64))).0, 400);
    assert_eq!(statuses([64, 91, 100].map(|code| write(&[], Some(code)))), [504, 503, 500]);
    for secret in [write(&[11000, 121], Some(64)), write(&[2], Some(91))] {
        assert!(!answer(&secret).2.contains(SECRET));
    }
}

#[test]
fn a_client_is_told_to_ask_again_only_where_that_helps_and_does_no_harm() {
    let retry = |error: &Error| answer(error).1;
    assert_eq!(retry(&error(Kind::QueueFull)).as_deref(), Some("1"));
    assert_eq!(retry(&error(Kind::ServerSelection)).as_deref(), Some("1"));
    assert_eq!(retry(&error(Kind::AutoReconnect).ran(true)), None);
    assert_eq!(retry(&error(Kind::Closed)), None);
    assert_eq!(retry(&error(Kind::Timeout)), None);
    assert_eq!(retry(&command(11000)), None);
}

#[test]
fn actix_web_takes_it_from_a_handler() {
    async fn handler() -> crate::error::Result<&'static str> {
        Err(error(Kind::Timeout))
    }
    use actix_web::{App, test, web};
    actix::System::new().block_on(async {
        let app = test::init_service(App::new().route("/", web::get().to(handler))).await;
        let response = test::call_service(&app, test::TestRequest::get().to_request()).await;
        assert_eq!(response.status(), 504);
        let body = to_bytes(response.into_body()).await.unwrap();
        assert_eq!(body, r#"{"error":"the database did not answer in time"}"#);
    });
}
