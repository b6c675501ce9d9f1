//! The real server with `--auth`: who is let in, who is not, and what they may do then.

use std::sync::{Mutex, OnceLock};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Credential, Kind, Mechanism};
use test_support::real_server::{Options, installed};
use test_support::{RealServer, block_on};

use super::support::{builder, refused, try_credential, try_it, try_uri};

/// The one that all tests here share, with a connection of its administrator. `None` if there
/// is no server to be had; that was said.
fn server() -> Option<&'static Shared> {
    static SHARED: OnceLock<Option<Shared>> = OnceLock::new();
    SHARED.get_or_init(Shared::start).as_ref()
}

struct Shared {
    address: String,
    admin: Connection,
    _server: Mutex<RealServer>,
}

impl Shared {
    fn start() -> Option<Self> {
        if installed().is_none() {
            eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
            return None;
        }
        let server = RealServer::start(Options::new().auth()).unwrap_or_else(|error| panic!("{error}"));
        let admin = block_on(builder(&server.uri()).connect()).unwrap();
        let shared = Self { address: server.address().to_string(), admin, _server: Mutex::new(server) };
        let both = ["SCRAM-SHA-1", "SCRAM-SHA-256"];
        shared.create("admin", "sha1", "sha1", &both[..1]);
        shared.create("admin", "sha256", "sha256", &both[1..]);
        shared.create("admin", "both", "both", &both);
        shared.create("admin", "IX", "IX", &both[1..]);
        shared.create("admin", "\u{2168}", "\u{2163}", &both[1..]);
        shared.create("admin", "j\u{fc}rgen", "\u{fc}=,%:@/", &both);
        shared.create("accounts", "local", "local", &both);
        Some(shared)
    }

    fn create(&self, database: &str, user: &str, password: &str, mechanisms: &[&str]) {
        let roles = vec![doc! { "role": "root", "db": "admin" }];
        self.create_with(database, user, password, mechanisms, roles);
    }

    fn create_with(
        &self,
        database: &str,
        user: &str,
        password: &str,
        mechanisms: &[&str],
        roles: Vec<Document>,
    ) {
        let mechanisms: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
        let command = doc! { "createUser": user, "pwd": password, "roles": roles, "mechanisms": mechanisms };
        let database = self.admin.database(database).unwrap();
        block_on(database.run_command(command).into_future())
            .unwrap_or_else(|error| panic!("{user}: {error}"));
    }

    fn uri(&self, user: &str, rest: &str) -> String {
        format!("mongodb://{user}@{}/{rest}", self.address)
    }

    fn bare(&self) -> String {
        format!("mongodb://{}/", self.address)
    }
}

#[test]
fn prose_2_users_are_let_in_by_each_mechanism_they_have_and_by_default() {
    let Some(server) = server() else { return };
    let cases = [
        ("sha1", None, "SCRAM-SHA-1"),
        ("sha1", Some(Mechanism::ScramSha1), "SCRAM-SHA-1"),
        ("sha256", None, "SCRAM-SHA-256"),
        ("sha256", Some(Mechanism::ScramSha256), "SCRAM-SHA-256"),
        ("both", None, "SCRAM-SHA-256"),
        ("both", Some(Mechanism::ScramSha1), "SCRAM-SHA-1"),
        ("both", Some(Mechanism::ScramSha256), "SCRAM-SHA-256"),
    ];
    for (user, mechanism, used) in cases {
        let option = mechanism.map(|mechanism| format!("?authMechanism={mechanism}")).unwrap_or_default();
        let by_uri = try_uri(&server.uri(&format!("{user}:{user}"), &option));
        assert!(by_uri.is_ok(), "{user} {mechanism:?}: {by_uri:?}");
        let by = |password: &str| {
            let credential = Credential::new(user, password);
            match mechanism {
                None => credential,
                Some(mechanism) => credential.mechanism(mechanism),
            }
        };
        let in_code = try_credential(&server.bare(), by(user));
        assert!(in_code.is_ok(), "{user} {mechanism:?}: {in_code:?}");
        // Which one is used, the error tells.
        let error = refused(try_credential(&server.bare(), by("wrong")));
        assert_eq!(error.authentication_failure().unwrap().mechanism, used, "{user} {mechanism:?}");
    }
}

#[test]
fn prose_3_a_mechanism_that_the_user_does_not_have_fails_as_a_wrong_password_does() {
    let Some(server) = server() else { return };
    let wrong = refused(try_uri(&server.uri("both:wrong", "")));
    assert_eq!((wrong.code(), wrong.code_name()), (Some(18), Some("AuthenticationFailed")));
    let failures = [
        server.uri("sha1:sha1", "?authMechanism=SCRAM-SHA-256"),
        server.uri("sha256:sha256", "?authMechanism=SCRAM-SHA-1"),
        server.uri("nobody:secret", ""),
        server.uri("nobody:secret", "?authMechanism=SCRAM-SHA-256"),
    ];
    for uri in failures {
        let error = refused(try_uri(&uri));
        // 334 is `MechanismUnavailable`.
        assert!(matches!(error.code(), Some(18 | 334)), "{uri}: {error}");
    }
}

#[test]
fn prose_4_passwords_are_prepared_and_names_are_not() {
    let Some(server) = server() else { return };
    for user in ["IX:IX", "IX:I%C2%ADX", "%E2%85%A8:IV", "%E2%85%A8:I%C2%ADV", "%E2%85%A8:%E2%85%A3"] {
        for rest in ["admin", "?authMechanism=SCRAM-SHA-256"] {
            let result = try_uri(&server.uri(user, rest));
            assert!(result.is_ok(), "{user}: {result:?}");
        }
    }
    // The other user's password, and a name that SASLprep would make the right one.
    refused(try_uri(&server.uri("IX:IV", "")));
    refused(try_uri(&server.uri("I%C2%ADX:IX", "")));
}

/// Of names: all but `,` and `=`, whose escapes this server does not read.
#[test]
fn names_and_passwords_may_have_any_characters() {
    let Some(server) = server() else { return };
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha1] {
        let credential = Credential::new("j\u{fc}rgen", "\u{fc}=,%:@/").mechanism(mechanism);
        let result = try_credential(&server.bare(), credential);
        assert!(result.is_ok(), "{mechanism}: {result:?}");
    }
    let result = try_uri(&server.uri("j%C3%BCrgen:%C3%BC%3D%2C%25%3A%40%2F", ""));
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn a_user_is_known_by_its_own_database_alone() {
    let Some(server) = server() else { return };
    for rest in ["?authSource=accounts", "accounts", "other?authSource=accounts"] {
        let result = try_uri(&server.uri("local:local", rest));
        assert!(result.is_ok(), "{rest}: {result:?}");
    }
    for rest in ["", "other", "accounts?authSource=admin"] {
        let error = refused(try_uri(&server.uri("local:local", rest)));
        assert_eq!(error.code(), Some(18), "{rest}");
    }
    let local = || Credential::new("local", "local");
    refused(try_credential(&server.bare(), local()));
    try_credential(&server.bare(), local().source("accounts")).unwrap();
    try_credential(&format!("{}accounts", server.bare()), local()).unwrap();
    // The builder's user takes the place of the string's.
    try_credential(&server.uri("nobody:wrong", "?authSource=accounts"), local()).unwrap();
}

#[test]
fn nobody_may_do_nothing() {
    let Some(server) = server() else { return };
    let error = try_uri(&server.bare()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, Some(13)), "{error:?}");
}

#[test]
fn who_may_only_read_may_not_write() {
    let Some(server) = server() else { return };
    let roles = vec![doc! { "role": "read", "db": "trust" }];
    server.create_with("admin", "reader", "reader", &["SCRAM-SHA-256"], roles);
    let connection = block_on(builder(&server.uri("reader:reader", "")).connect()).unwrap();
    let things = connection.database("trust").unwrap().collection("things").unwrap();
    assert!(block_on(things.find_one(doc! {}).into_future()).unwrap().is_none());
    let error = block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Command, Some(13)), "{error:?}");
    assert_eq!(error.code_name(), Some("Unauthorized"));
    // The socket is as good as before.
    assert!(block_on(things.find_one(doc! {}).into_future()).unwrap().is_none());
}

#[test]
fn a_password_that_comes_true_is_taken_without_a_new_connection() {
    let Some(server) = server() else { return };
    let connection = block_on(builder(&server.uri("later:now", "")).connect()).unwrap();
    refused(try_it(&connection));
    refused(try_it(&connection));
    server.create("admin", "later", "now", &["SCRAM-SHA-256"]);
    try_it(&connection).unwrap();
    let update = doc! { "updateUser": "later", "pwd": "changed" };
    block_on(server.admin.database("admin").unwrap().run_command(update).into_future()).unwrap();
    refused(try_uri(&server.uri("later:now", "")));
    try_uri(&server.uri("later:changed", "")).unwrap();
}

#[test]
fn writes_are_not_tried_with_a_wrong_password() {
    let Some(server) = server() else { return };
    let connection = block_on(builder(&server.uri("both:wrong", "")).connect()).unwrap();
    let things = connection.database("trust").unwrap().collection("things").unwrap();
    let error = refused(block_on(things.insert_one(doc! { "_id": 2 }).into_future()));
    assert!(!error.is_retryable() || !error.may_have_run());
    assert_eq!(error.attempts(), 1, "{error:?}");
    assert_eq!(error.namespace(), Some("trust.things"));
}

#[test]
fn fifty_cold_sockets_are_all_let_in() {
    let Some(server) = server() else { return };
    let uri = server.uri("both:both", "?maxPoolSize=50&maxConnecting=10");
    let connection = block_on(builder(&uri).connect()).unwrap();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let connection = connection.clone();
            std::thread::spawn(move || try_it(&connection))
        })
        .collect();
    for call in calls {
        call.join().unwrap().unwrap();
    }
}
