use bson::{Document, doc, rawdoc};

use super::*;
use crate::error::label;
use crate::topology::ServerAddress;

fn server() -> ServerAddress {
    ServerAddress::new("db.example", 27018)
}

fn command(reply: &Document) -> Result<RawDocumentBuf> {
    check(RawDocumentBuf::try_from(reply).unwrap(), &server())
}

fn write(reply: &Document) -> Result<RawDocumentBuf> {
    check_write(RawDocumentBuf::try_from(reply).unwrap(), &server())
}

#[test]
fn a_reply_that_succeeded_passes_unchanged() {
    let reply = rawdoc! { "n": 3, "ok": 1.0 };
    let place = reply.as_bytes().as_ptr();
    let passed = check_write(reply, &server()).unwrap();
    assert_eq!(passed.as_bytes().as_ptr(), place);
    assert_eq!(count(&passed), 3);
}

#[test]
fn a_server_error_keeps_all_that_the_server_said() {
    let reply = doc! {
        "ok": 0.0,
        "errmsg": "not primary",
        "code": 10107,
        "codeName": "NotWritablePrimary",
        "errorLabels": ["RetryableWriteError"],
    };
    let error = command(&reply).unwrap_err();
    assert_eq!(error.kind(), Kind::Command);
    assert_eq!((error.code(), error.code_name()), (Some(10107), Some("NotWritablePrimary")));
    assert!(error.has_label(label::RETRYABLE_WRITE) && error.is_retryable());
    assert!(!error.is_network() && !error.may_have_run());
    assert_eq!(Document::try_from(error.server_response().unwrap().clone()).unwrap(), reply);
    assert_eq!(error.to_string(), "not primary (code 10107, NotWritablePrimary) [server db.example:27018]");
}

#[test]
fn an_error_may_say_next_to_nothing() {
    let error = command(&doc! { "ok": 0 }).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, None));
    assert!(error.to_string().contains("without saying why"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(command(&doc! {}).unwrap_err().kind(), Kind::Command);
}

#[test]
fn refused_documents_are_an_error_of_writes_alone() {
    let reply = doc! {
        "n": 1,
        "ok": 1,
        "writeErrors": [
            { "index": 1, "code": 11000, "errmsg": "E11000 duplicate key", "keyValue": { "_id": 1 } },
            { "index": 2_i64, "code": 121.0, "errmsg": "failed validation", "errInfo": { "why": 1 } },
        ],
    };
    command(&reply).unwrap();
    let error = write(&reply).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(11000)));
    assert!(error.is_duplicate_key());
    let failure = error.write_failure().unwrap();
    assert_eq!(failure.completed, 1);
    assert_eq!(failure.write_errors.len(), 2);
    assert_eq!(failure.write_errors[0], WriteError::new(1, 11000, "E11000 duplicate key"));
    assert_eq!(failure.write_errors[1].index, 2);
    assert_eq!(failure.write_errors[1].details, Some(rawdoc! { "why": 1 }));
    let text = error.to_string();
    assert!(text.starts_with("E11000 duplicate key (code 11000), and 1 more refused"), "{text}");
}

#[test]
fn an_unmet_write_concern_is_an_error_of_writes_alone() {
    let reply = doc! {
        "n": 2,
        "ok": 1,
        "writeConcernError": {
            "code": 64,
            "codeName": "WriteConcernFailed",
            "errmsg": "timed out",
            "errInfo": { "wtimeout": true },
        },
        "errorLabels": ["RetryableWriteError"],
    };
    command(&reply).unwrap();
    let error = write(&reply).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Write, Some(64)));
    assert!(error.has_label(label::RETRYABLE_WRITE));
    let failure = error.write_failure().unwrap();
    assert_eq!(failure.completed, 2);
    let concern = failure.write_concern_error.as_ref().unwrap();
    assert_eq!(concern.code_name, "WriteConcernFailed");
    assert_eq!(concern.details, Some(rawdoc! { "wtimeout": true }));
    assert!(error.to_string().starts_with("the write concern was not met: timed out (code 64)"));
}

#[test]
fn both_may_come_at_once_and_with_a_failed_command() {
    let concern = doc! { "code": 91, "errmsg": "shutdown" };
    let both = doc! {
        "ok": 1,
        "n": 0,
        "writeErrors": [{ "index": 0, "code": 1, "errmsg": "x" }],
        "writeConcernError": concern.clone(),
    };
    let error = write(&both).unwrap_err();
    let failure = error.write_failure().unwrap();
    assert!(failure.write_errors.len() == 1 && failure.write_concern_error.is_some());

    let failed = doc! { "ok": 0, "code": 251, "errmsg": "no", "writeConcernError": concern };
    let error = command(&failed).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, Some(251)));
    assert_eq!(error.write_failure().unwrap().write_concern_error.as_ref().unwrap().code, 91);
}

#[test]
fn what_no_server_says_is_a_protocol_error() {
    for entry in [doc! { "code": 1 }, doc! { "index": -1, "code": 1 }, doc! { "index": 0, "code": "1" }] {
        let error = write(&doc! { "ok": 1, "writeErrors": [entry] }).unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol);
        assert!(error.to_string().contains("`writeErrors."), "{error}");
        assert_eq!(error.server(), Some("db.example:27018"));
    }
    assert_eq!(write(&doc! { "ok": 1, "writeErrors": [5] }).unwrap_err().kind(), Kind::Protocol);
    let mut bytes = rawdoc! { "ok": 1 }.into_bytes();
    bytes[4] = 0x55;
    let broken = RawDocumentBuf::from_bytes(bytes).unwrap();
    assert_eq!(check(broken, &server()).unwrap_err().kind(), Kind::Protocol);
}
