//! The server's side of SCRAM, written apart from the library so as to check it, and bent as
//! a test likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_mongo::bson::spec::BinarySubtype;
use actix_mongo::bson::{Binary, Document, doc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use test_support::Rule;
use test_support::scripted::CommandRecord;

/// Which of the server's answers is bent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The nonce, salt and iteration count.
    First,
    /// The signature.
    Final,
    /// After the message with nothing in it.
    End,
}

type Bend = Arc<dyn Fn(Step, &mut Document) + Send + Sync>;

/// A server that knows one user.
#[derive(Clone)]
pub struct ScramServer {
    sha256: bool,
    /// What the password becomes before it is hashed.
    prepared: String,
    pub iterations: u32,
    salt: Vec<u8>,
    /// It wants the message with nothing in it.
    long: bool,
    bend: Bend,
    talks: Arc<Mutex<HashMap<usize, Talk>>>,
}

#[derive(Clone, Default)]
struct Talk {
    bare: String,
    server_first: String,
    proved: bool,
}

impl ScramServer {
    /// For `user` with the password `pencil`.
    pub fn new(sha256: bool) -> Self {
        Self::of(sha256, if sha256 { "pencil" } else { "1c33006ec1ffd90f9cadcbcc0e118200" })
    }

    /// For a user with this prepared password.
    pub fn of(sha256: bool, prepared: &str) -> Self {
        Self {
            sha256,
            prepared: prepared.to_owned(),
            iterations: 4096,
            salt: b"a salt of some bytes".to_vec(),
            long: false,
            bend: Arc::new(|_, _| {}),
            talks: Arc::default(),
        }
    }

    /// As servers before 4.4 are.
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    pub fn bent(mut self, bend: impl Fn(Step, &mut Document) + Send + Sync + 'static) -> Self {
        self.bend = Arc::new(bend);
        self
    }

    /// The rules that answer `saslStart` and `saslContinue`.
    pub fn rules(&self) -> [Rule; 2] {
        let (start, go_on) = (self.clone(), self.clone());
        [
            Rule::on("saslStart").reply_with(move |command| start.start(command.connection, &command.body)),
            Rule::on("saslContinue").reply_with(move |command| go_on.go_on(command)),
        ]
    }

    /// The rule that answers what goes along with a hello.
    pub fn speculative(&self) -> Rule {
        let server = self.clone();
        let speculates = |it: &CommandRecord| it.body.contains_key("speculativeAuthenticate");
        Rule::on("isMaster").when(speculates).reply_with(move |command| {
            let first = command.body.get_document("speculativeAuthenticate").unwrap();
            let mut answer = server.start(command.connection, first);
            answer.remove("ok");
            hello().into_iter().chain([("speculativeAuthenticate".to_owned(), answer.into())]).collect()
        })
    }

    fn start(&self, connection: usize, command: &Document) -> Document {
        let first = text(command);
        let bare = first.strip_prefix("n,,").expect("no channel binding").to_owned();
        let (_, nonce) = bare.split_once(",r=").expect("a nonce");
        let server_first =
            format!("r={nonce}+of+the+server,s={},i={}", STANDARD.encode(&self.salt), self.iterations);
        let talk = Talk { bare, server_first: server_first.clone(), proved: false };
        self.talks.lock().unwrap().insert(connection, talk);
        let mut reply = reply(false, server_first.as_bytes());
        (self.bend)(Step::First, &mut reply);
        reply
    }

    fn go_on(&self, command: &CommandRecord) -> Document {
        let mut talks = self.talks.lock().unwrap();
        let talk = talks.get_mut(&command.connection).expect("a conversation");
        let message = text(&command.body);
        if talk.proved {
            assert_eq!(message, "");
            let mut reply = reply(true, b"");
            (self.bend)(Step::End, &mut reply);
            return reply;
        }
        let Some((without_proof, proof)) = message.split_once(",p=") else { return refusal() };
        let auth_message = format!("{},{},{without_proof}", talk.bare, talk.server_first);
        let salted = self.salted();
        let client_key = self.hmac(&salted, b"Client Key");
        let signature = self.hmac(&self.hash(&client_key), auth_message.as_bytes());
        let expected: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        if STANDARD.decode(proof).unwrap() != expected {
            return refusal();
        }
        talk.proved = true;
        let proof = self.hmac(&self.hmac(&salted, b"Server Key"), auth_message.as_bytes());
        let mut reply = reply(!self.long, format!("v={}", STANDARD.encode(proof)).as_bytes());
        (self.bend)(Step::Final, &mut reply);
        reply
    }

    /// The salted password, by the definition of the RFC.
    pub fn salted(&self) -> Vec<u8> {
        let mut one = self.salt.clone();
        one.extend_from_slice(&1_u32.to_be_bytes());
        let mut last = self.hmac(self.prepared.as_bytes(), &one);
        let mut sum = last.clone();
        for _ in 1..self.iterations {
            last = self.hmac(self.prepared.as_bytes(), &last);
            sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
        }
        sum
    }

    pub fn hmac(&self, key: &[u8], message: &[u8]) -> Vec<u8> {
        if self.sha256 {
            Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().as_bytes().to_vec()
        } else {
            Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(message).finalize().as_bytes().to_vec()
        }
    }

    pub fn hash(&self, bytes: &[u8]) -> Vec<u8> {
        if self.sha256 { Sha256::digest(bytes).to_vec() } else { Sha1::digest(bytes).to_vec() }
    }
}

/// A server's reply to a SASL command.
pub fn reply(done: bool, payload: &[u8]) -> Document {
    doc! { "conversationId": 1, "done": done, "payload": binary(payload), "ok": 1.0 }
}

pub fn refusal() -> Document {
    doc! { "ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed" }
}

pub fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// The hello of a standalone server.
pub fn hello() -> Document {
    doc! {
        "helloOk": true, "ismaster": true, "maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000, "logicalSessionTimeoutMinutes": 30, "minWireVersion": 0,
        "maxWireVersion": 25, "ok": 1.0,
    }
}

/// The payload of a command.
pub fn text(command: &Document) -> String {
    String::from_utf8(command.get_binary_generic("payload").expect("a payload").clone()).expect("text")
}
