use bson::{Binary, rawdoc, spec::BinarySubtype};

use super::*;
use crate::auth::Credential;
use crate::error::Kind;

fn payload() -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: b"abc".to_vec() }
}

#[test]
fn a_whole_reply_is_read() {
    for number in [RawBson::Int32(1), RawBson::Int64(1), RawBson::Double(1.0)] {
        let reply = rawdoc! { "conversationId": number.clone(), "done": true, "payload": payload(), "ok": 1 };
        let read = SaslReply::read(&reply).unwrap();
        assert_eq!((read.conversation, read.done, read.payload), (number, true, b"abc".as_slice()));
    }
}

#[test]
fn what_is_missing_or_of_another_type_is_told() {
    let cases = [
        (rawdoc! { "done": true, "payload": payload() }, "no conversationId"),
        (rawdoc! { "conversationId": "1", "done": true, "payload": payload() }, "no conversationId"),
        (rawdoc! { "conversationId": 1, "payload": payload() }, "whether it is done"),
        (rawdoc! { "conversationId": 1, "done": 1, "payload": payload() }, "whether it is done"),
        (rawdoc! { "conversationId": 1, "done": true }, "no payload"),
        (rawdoc! { "conversationId": 1, "done": true, "payload": "abc" }, "no payload"),
    ];
    for (reply, part) in cases {
        let sentence = SaslReply::read(&reply).unwrap_err();
        assert!(sentence.contains(part), "{sentence}");
    }
    // A length that is longer than the document.
    let bytes = b"\x0b\0\0\0\x02a\0\xff\0\0\0".to_vec();
    if let Ok(reply) = RawDocumentBuf::from_bytes(bytes) {
        assert!(SaslReply::read(&reply).is_err());
    }
}

#[test]
fn a_refusal_is_told_by_its_code_or_by_what_ok_says() {
    let is_refusal = |reply: &RawDocument, must: bool| refusal(reply, must).is_some();
    assert!(!is_refusal(&rawdoc! { "ok": 1.0 }, true));
    assert!(!is_refusal(&rawdoc! { "ok": true, "code": 0 }, true));
    assert!(is_refusal(&rawdoc! {}, true));
    assert!(!is_refusal(&rawdoc! {}, false));
    for reply in
        [rawdoc! { "ok": 0 }, rawdoc! { "ok": 0.0 }, rawdoc! { "ok": false }, rawdoc! { "ok": 1, "code": 18 }]
    {
        assert!(is_refusal(&reply, false) && is_refusal(&reply, true));
    }
}

#[test]
fn an_error_has_what_the_server_says_unless_it_has_read_the_password() {
    let identity = Identity::new(&Credential::new("me", "hunter2"), None).unwrap();
    let reply = rawdoc! {
        "ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "hunter2?", "errorLabels": ["L"],
    };
    let error = |mechanism| refusal(&reply, true).unwrap().into_error(&identity, mechanism);
    let scram = error(Mechanism::ScramSha256);
    assert_eq!(scram.kind(), Kind::Authentication);
    assert_eq!((scram.code(), scram.code_name()), (Some(18), Some("AuthenticationFailed")));
    assert!(scram.to_string().contains("the server refused: hunter2?"), "{scram}");
    assert!(scram.has_label("L") && scram.server_response().is_some());
    let plain = error(Mechanism::Plain);
    assert_eq!((plain.code(), plain.code_name()), (Some(18), None));
    assert!(plain.server_response().is_none() && plain.labels().is_empty());
    assert!(!format!("{plain} {plain:?}").contains("hunter2"), "{plain:?}");
}
