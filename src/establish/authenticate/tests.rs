use bson::{Binary, Document, doc, rawdoc, spec::BinarySubtype};

use super::*;
use crate::auth::{Credential, Identity, Payload};
use crate::command::ServerApiVersion;
use crate::wire::{FrameSplitter, Reply};

fn read(mut frame: Frame) -> Document {
    frame.seal(1, |_| {});
    let (_, message) = FrameSplitter::default().feed(&frame.parts().concat()).unwrap();
    Document::try_from(Reply::parse(message.unwrap()).unwrap().body).unwrap()
}

fn bytes(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

fn authenticator(credential: &Credential) -> Authenticator {
    Authenticator::new(Identity::new(credential, None).unwrap(), false)
}

/// What a hello says of the user.
fn greeting(credential: &Credential) -> Document {
    let authenticator = authenticator(credential);
    let authentication = Authentication::begin(&authenticator, None, true).unwrap();
    let mut builder = FrameBuilder::new(16);
    builder.elements().i32("hello", 1);
    let mut frame = builder.finish();
    frame.seal(1, |envelope| authentication.greet(envelope));
    Document::try_from(frame.whole_command().unwrap()).unwrap()
}

#[test]
fn commands_are_those_of_the_specification() {
    let start = Command::SaslStart {
        mechanism: "SCRAM-SHA-256",
        payload: Payload::new(b"n,,".to_vec()),
        skip_empty_exchange: true,
    };
    let expected = doc! {
        "saslStart": 1,
        "mechanism": "SCRAM-SHA-256",
        "payload": bytes(b"n,,"),
        "options": { "skipEmptyExchange": true },
        "$db": "db",
    };
    assert_eq!(read(frame(&start, "db", None)), expected);
    for number in [bson::RawBson::Int32(7), bson::RawBson::Int64(7)] {
        let go_on =
            Command::SaslContinue { conversation: number.clone(), payload: Payload::new(b"c".to_vec()) };
        let expected = doc! {
            "saslContinue": 1,
            "conversationId": bson::Bson::try_from(number).unwrap(),
            "payload": bytes(b"c"),
            "$db": "admin",
        };
        assert_eq!(read(frame(&go_on, "admin", None)), expected);
    }
    let api = ServerApi::new(ServerApiVersion::V1);
    let certificate = Command::Authenticate { mechanism: "MONGODB-X509", user: Some("CN=me".to_owned()) };
    let expected = doc! {
        "authenticate": 1,
        "mechanism": "MONGODB-X509",
        "user": "CN=me",
        "apiVersion": "1",
        "$db": "$external",
    };
    assert_eq!(read(frame(&certificate, "$external", Some(&api))), expected);
}

#[test]
fn a_frame_is_written_without_growing_and_wiped() {
    let password = vec![b'x'; 4000];
    let plain = Command::SaslStart {
        mechanism: "PLAIN",
        payload: Payload::new(password.clone()),
        skip_empty_exchange: false,
    };
    let mut frame = frame(&plain, "$external", None);
    let before = frame.parts()[0].as_ptr();
    frame.seal(1, |_| {});
    assert_eq!(before, frame.parts()[0].as_ptr(), "sealing has moved it, and left a copy behind");
    frame.wipe();
    assert!(frame.is_empty());
    assert_eq!(frame.parts(), [&[] as &[u8]; 2]);
}

/// With what is in the way of the frame, which is full, and a stream that nobody reads.
#[cfg(target_os = "linux")]
#[test]
fn a_password_is_overwritten_when_its_attempt_is_given_up() {
    use std::task::{Context, Waker};
    use test_support::memory::Needle;

    let (user, password) = ("user-of-the-wiped-frame", "password-of-the-wiped-frame");
    let needle = Needle::new([0].into_iter().chain(user.bytes()).chain([0]).chain(password.bytes()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let (stream, _peer) = tokio::net::UnixStream::pair().unwrap();
        stream.writable().await.unwrap();
        while stream.try_write(&[0; 4096]).is_ok() {}
        let credential = Credential::new(user, password).mechanism(Mechanism::Plain);
        let authenticator = authenticator(&credential);
        let authentication = Authentication::begin(&authenticator, None, true).unwrap();
        let mut exchange = Exchange::new(crate::establish::Stream::Unix(stream));
        let reply = rawdoc! { "ok": 1 };
        let hello = HelloReply::parse(&reply).unwrap();
        assert!(!needle.is_in_memory());
        let mut attempt = Box::pin(authentication.run(&mut exchange, &hello, &reply));
        assert!(attempt.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(needle.is_in_memory(), "it is being sent");
        drop(attempt);
        assert!(!needle.is_in_memory(), "it was left behind");
    });
}

#[test]
fn the_hello_says_who_will_come() {
    let mut said = greeting(&Credential::new("me", "hunter2").source("db"));
    assert_eq!(said.get_str("saslSupportedMechs").unwrap(), "db.me");
    let first = said.get_document_mut("speculativeAuthenticate").unwrap();
    let payload = first.get_binary_generic("payload").unwrap().clone();
    assert!(payload.starts_with(b"n,,n=me,r="));
    let expected = doc! {
        "saslStart": 1,
        "mechanism": "SCRAM-SHA-256",
        "payload": bytes(&payload),
        "options": { "skipEmptyExchange": true },
        "db": "db",
    };
    assert_eq!(*first, expected);
    let said = greeting(&Credential::x509());
    let expected = doc! {
        "hello": 1,
        "speculativeAuthenticate": { "authenticate": 1, "mechanism": "MONGODB-X509" },
    };
    assert_eq!(said, expected);
    let plain = Credential::new("me", "hunter2").mechanism(Mechanism::Plain);
    assert_eq!(greeting(&plain), doc! { "hello": 1 });
}

#[test]
fn names_of_mechanisms_are_read_whatever_they_are() {
    let names = |reply: bson::RawDocumentBuf| mechanisms(&reply).map(|names| names.join(" "));
    assert_eq!(
        names(rawdoc! { "saslSupportedMechs": ["SCRAM-SHA-1", "NEW", 7] }).as_deref(),
        Some("SCRAM-SHA-1 NEW")
    );
    assert_eq!(names(rawdoc! { "saslSupportedMechs": "SCRAM-SHA-256" }), None);
    assert_eq!(names(rawdoc! {}), None);
}

#[test]
fn a_refused_hello_is_a_refused_user() {
    let authenticator = authenticator(&Credential::new("me", "hunter2"));
    let authentication = Authentication::begin(&authenticator, None, false).unwrap();
    let hello = rawdoc! { "ok": 0, "errmsg": "who?", "code": 18, "codeName": "AuthenticationFailed" };
    let error = authentication.refused(&HelloReply::parse(&hello).unwrap());
    assert_eq!((error.kind(), error.code()), (crate::error::Kind::Authentication, Some(18)));
    assert!(error.to_string().contains("the server refused the handshake: who?"), "{error}");
}
