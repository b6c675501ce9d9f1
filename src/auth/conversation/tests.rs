use bson::{Binary, RawDocumentBuf, rawdoc, spec::BinarySubtype};

use super::*;
use crate::auth::Credential;
use crate::error::{Error, Kind};

fn conversation(credential: &Credential, mechanism: Mechanism) -> Conversation {
    Conversation::new(Arc::new(Identity::new(credential, None).unwrap()), mechanism).unwrap()
}

fn scram() -> Conversation {
    conversation(&Credential::new("me", "hunter2"), Mechanism::ScramSha256)
}

fn reply(conversation: impl Into<RawBson>, done: bool, payload: &[u8]) -> RawDocumentBuf {
    let payload = Binary { subtype: BinarySubtype::Generic, bytes: payload.to_vec() };
    rawdoc! { "conversationId": conversation.into(), "done": done, "payload": payload, "ok": 1.0 }
}

fn payload_of(turn: Turn) -> String {
    match turn {
        Turn::Send(Command::SaslStart { payload, .. } | Command::SaslContinue { payload, .. }) => {
            String::from_utf8(payload.to_vec()).unwrap()
        }
        other => panic!("{other:?} carries no payload"),
    }
}

/// Plays the server up to the client's proof; what the server has to answer to it.
fn prove(conversation: &mut Conversation) -> String {
    let first = payload_of(conversation.begin());
    let (_, bare) = first.split_at(3);
    let (_, nonce) = bare.split_once(",r=").unwrap();
    let server_first = format!("r={nonce}server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let turn = conversation.step(&reply(7, false, server_first.as_bytes())).unwrap();
    let Turn::Obtain(Wanted::ScramKeys(request)) = turn else { panic!("{turn:?} instead of keys") };
    let keys = Arc::new(request.derive("hunter2"));
    let last = payload_of(conversation.resume(Obtained::ScramKeys(keys)).unwrap());
    let (without_proof, _) = last.split_once(",p=").unwrap();
    let auth_message = format!("{bare},{server_first},{without_proof}");
    let salted = Hash::Sha256.stretch(b"hunter2", &request.salt, 4096);
    let server_key = Hash::Sha256.hmac(&salted, b"Server Key");
    use base64::Engine;
    let signature = Hash::Sha256.hmac(&server_key, auth_message.as_bytes());
    format!("v={}", base64::engine::general_purpose::STANDARD.encode(&*signature))
}

fn why(result: Result<Turn>) -> String {
    let error: Error = result.expect_err("it must not go on");
    assert_eq!(error.kind(), Kind::Authentication);
    error.to_string()
}

#[test]
fn scram_ends_with_the_servers_proof() {
    let mut conversation = scram();
    let proof = prove(&mut conversation);
    assert!(matches!(conversation.step(&reply(7, true, proof.as_bytes())), Ok(Turn::Done)));
}

#[test]
fn an_older_server_gets_one_more_message_with_nothing_in_it() {
    let mut conversation = scram();
    let proof = prove(&mut conversation);
    let turn = conversation.step(&reply(7, false, proof.as_bytes())).unwrap();
    assert_eq!(payload_of(turn), "");
    assert!(matches!(conversation.step(&reply(7, true, b"")), Ok(Turn::Done)));
}

#[test]
fn a_server_that_never_ends_is_left() {
    for (done, last, part) in [(false, "", "does not end"), (true, "v=AAAA", "goes on where all was said")] {
        let mut conversation = scram();
        let proof = prove(&mut conversation);
        conversation.step(&reply(7, false, proof.as_bytes())).unwrap();
        let sentence = why(conversation.step(&reply(7, done, last.as_bytes())));
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn done_alone_proves_nothing() {
    let mut conversation = scram();
    let (_, nonce) = payload_of(conversation.begin())
        .split_once(",r=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let first = format!("r={nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert!(
        why(conversation.step(&reply(7, true, first.as_bytes()))).contains("before it has proved itself")
    );
    let mut conversation = scram();
    assert!(why(conversation.step(&reply(7, true, b""))).contains("no nonce"));
    let mut conversation = scram();
    prove(&mut conversation);
    assert!(why(conversation.step(&reply(7, true, b""))).contains("no signature"));
}

#[test]
fn the_number_of_the_conversation_stays() {
    for other in [RawBson::Int32(8), RawBson::Int64(7)] {
        let mut conversation = scram();
        let proof = prove(&mut conversation);
        assert!(
            why(conversation.step(&reply(other, true, proof.as_bytes()))).contains("another conversation")
        );
    }
}

#[test]
fn scram_starts_with_the_option_that_saves_a_message() {
    for (mechanism, name) in
        [(Mechanism::ScramSha1, "SCRAM-SHA-1"), (Mechanism::ScramSha256, "SCRAM-SHA-256")]
    {
        let turn = conversation(&Credential::new("me", "hunter2"), mechanism).begin();
        let Turn::Send(Command::SaslStart { mechanism, skip_empty_exchange, .. }) = turn else {
            panic!("{turn:?}")
        };
        assert_eq!((mechanism, skip_empty_exchange), (name, true));
    }
}

#[test]
fn plain_says_all_at_once() {
    let credential = Credential::new("user", "pencil").mechanism(Mechanism::Plain);
    let mut conversation = conversation(&credential, Mechanism::Plain);
    let turn = conversation.begin();
    assert!(!format!("{turn:?} {conversation:?}").contains("pencil"));
    assert_eq!(payload_of(turn), "\0user\0pencil");
    assert!(why(conversation.step(&reply(1, false, b""))).contains("more than PLAIN"));
    assert!(matches!(conversation.step(&reply(1, true, b"")), Ok(Turn::Done)));
}

#[test]
fn a_certificate_needs_no_name() {
    let first = |credential: &Credential| conversation(credential, Mechanism::MongodbX509).begin();
    for (credential, name) in
        [(Credential::x509(), None), (Credential::x509().username("CN=me"), Some("CN=me"))]
    {
        let Turn::Send(Command::Authenticate { mechanism, user }) = first(&credential) else { panic!() };
        assert_eq!((mechanism, user.as_deref()), ("MONGODB-X509", name));
    }
    let mut conversation = conversation(&Credential::x509(), Mechanism::MongodbX509);
    assert!(matches!(conversation.step_speculative(&rawdoc! { "user": "CN=me" }), Ok(Turn::Done)));
    assert!(why(conversation.step(&rawdoc! { "user": "CN=me" })).contains("the server refused"));
}

#[test]
fn nobody_takes_keys_without_having_asked() {
    let keys = || {
        let request = KeyRequest { hash: Hash::Sha256, salt: vec![1], iterations: 1 };
        Obtained::ScramKeys(Arc::new(request.derive("x")))
    };
    let plain = Credential::new("me", "hunter2").mechanism(Mechanism::Plain);
    let all = [
        scram(),
        conversation(&plain, Mechanism::Plain),
        conversation(&Credential::x509(), Mechanism::MongodbX509),
    ];
    for mut conversation in all {
        why(conversation.resume(keys()));
    }
}

#[test]
fn what_this_build_does_not_have_is_no_conversation() {
    let identity = Arc::new(Identity::new(&Credential::new("me", "hunter2"), None).unwrap());
    let error = Conversation::new(identity, Mechanism::MongodbAws).unwrap_err();
    assert!(error.to_string().contains("does not have"), "{error}");
}
