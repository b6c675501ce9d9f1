//! No secret is shown to anybody: every mechanism, every way in which it fails, everything
//! that is told, and a search through all of it.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Builder, Connection, Credential, Mechanism, Secret, TlsOptions};
use test_support::{Rule, ScriptedServer, block_on};

use super::bent::BENT;
use super::captured::{Captured, Needles};
use super::scram_server::{ScramServer, Step, hello, reply};
use super::support::SOON;

const USER: &str = "user-of-the-leak-test";
/// SASLprep makes another word of it, and nobody else has either.
const PASSWORD: &str = "verschwie\u{ad}gen\u{2168}Wort";
const PREPARED: &str = "verschwiegenIXWort";
/// No SASLprep takes it.
const UNPREPARED: &str = "unaussprechlich\u{7}geheim";
/// Of a key file.
const KEY_PASSWORD: &str = "schluessel-zum-schluessel";

fn digest() -> String {
    use md5::Digest;
    let digest = md5::Md5::digest(format!("{USER}:mongo:{PASSWORD}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn needles(servers: [&ScramServer; 2]) -> Needles {
    let mut needles = Needles::default();
    needles.text("the password", PASSWORD);
    needles.text("the prepared password", PREPARED);
    needles.text("the MD5 digest", &digest());
    needles.text("the odd password", UNPREPARED);
    needles.text("the key's password", KEY_PASSWORD);
    needles.bytes("the message of PLAIN", format!("\0{USER}\0{PASSWORD}").as_bytes());
    for server in servers {
        let salted = server.salted();
        let client = server.hmac(&salted, b"Client Key");
        needles.bytes("a stored key", &server.hash(&client));
        needles.bytes("a client key", &client);
        needles.bytes("a server key", &server.hmac(&salted, b"Server Key"));
        needles.bytes("a salted password", &salted);
    }
    needles.check();
    needles
}

struct Scene<'a> {
    captured: &'a Captured,
}

impl Scene<'_> {
    fn builder(&self, server: &ScriptedServer) -> Builder {
        let builder = Connection::builder().uri(server.uri()).unwrap().server_selection_timeout(SOON);
        self.captured.listening(builder.connect_timeout(Duration::from_secs(3)))
    }

    /// Connects and calls; everything that is told of it is captured.
    fn run(&self, builder: Builder) {
        self.captured.debug(&builder);
        let connection = match block_on(builder.connect()) {
            Ok(connection) => connection,
            Err(error) => return self.captured.error(&error),
        };
        self.captured.debug(&connection);
        // One call is enough where it fails.
        if self.call(&connection, doc! { "ping": 1 }) {
            // Commands that carry secrets themselves. What the server says of them is the
            // caller's, and nobody else's.
            for name in ["createUser", "updateUser"] {
                let command = doc! { name: USER, "pwd": PASSWORD, "roles": [] };
                let call = connection.database("admin").unwrap().run_command(command);
                drop(block_on(call.into_future()));
            }
        }
        self.captured.debug(&connection.state());
        self.captured.text(&connection.state().to_string());
        block_on(connection.flush_events(SOON)).unwrap();
        block_on(connection.close(Duration::ZERO));
    }

    /// Whether it succeeds.
    fn call(&self, connection: &Connection, command: Document) -> bool {
        let call = connection.database("admin").unwrap().run_command(command);
        let result = block_on(call.into_future());
        result.inspect_err(|error| self.captured.error(error)).is_ok()
    }

    fn scram(&self, scram: &ScramServer, credential: Credential, more: impl FnOnce(&ScriptedServer)) {
        let server = ScriptedServer::start();
        more(&server);
        server.rule(echo("createUser", "AuthenticationFailed"));
        scram.rules().into_iter().for_each(|rule| server.rule(rule));
        self.run(self.builder(&server).credential(credential));
    }

    fn plain(&self, rule: Rule, cleartext: bool) {
        let server = ScriptedServer::start();
        server.rule(rule);
        let credential = credential().mechanism(Mechanism::Plain);
        self.run(self.builder(&server).credential(credential).allow_cleartext_password(cleartext));
    }
}

/// A server that knows the password of one socket, and repeats it on all others.
fn repeating_hello(scene: &Scene<'_>) {
    let server = ScriptedServer::start();
    server.rule(echo("isMaster", PASSWORD));
    let credential = credential().mechanism(Mechanism::Plain);
    let builder = scene.builder(&server).credential(credential).allow_cleartext_password(true);
    let connection = builder.server_selection_timeout(Duration::from_millis(400)).connect_lazy().unwrap();
    assert!(!scene.call(&connection, doc! { "ping": 1 }));
    let state = connection.state();
    scene.captured.debug(&state);
    scene.captured.text(&state.to_string());
    let told = state.servers[0].error.as_ref().expect("it is unknown");
    assert!(told.code() == Some(18) && told.to_string().contains("are not repeated"), "{told}");
    scene.captured.error(told);
}

/// A server that repeats the password in its error.
fn echo(command: &str, code_name: &str) -> Rule {
    let words = format!("no user with the password {PASSWORD}");
    Rule::on(command).reply(doc! { "ok": 0.0, "code": 18, "codeName": code_name, "errmsg": words })
}

fn credential() -> Credential {
    Credential::new(USER, PASSWORD)
}

fn panicking() -> Waker {
    struct Panic;
    impl Wake for Panic {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, as the test wants it");
        }
    }
    Waker::from(Arc::new(Panic))
}

#[test]
fn no_secret_leaks() {
    let captured = Captured::everywhere();
    let scene = Scene { captured: &captured };
    let sha1 = ScramServer::of(false, &digest());
    let sha256 = ScramServer::of(true, PREPARED);
    let needles = needles([&sha1, &sha256]);

    for (scram, mechanism) in [(&sha1, Mechanism::ScramSha1), (&sha256, Mechanism::ScramSha256)] {
        let named = credential().mechanism(mechanism);
        scene.scram(scram, named.clone(), |_| {});
        scene.scram(scram, named.clone(), |server| server.rule(scram.speculative()));
        for (step, bend, _) in BENT {
            let long = if step == Step::End { scram.clone().long() } else { scram.clone() };
            let bent = long.bent(move |at, reply| {
                if at == step {
                    bend(reply);
                }
            });
            scene.scram(&bent, named.clone(), |_| {});
        }
        for command in ["saslStart", "saslContinue"] {
            scene.scram(scram, named.clone(), |server| server.rule(Rule::on(command).close()));
            scene.scram(scram, named.clone(), |server| server.rule(echo_of_nothing(command)));
        }
        scene.scram(scram, Credential::new(USER, UNPREPARED).mechanism(mechanism), |_| {});
    }
    scene.scram(&sha1, credential(), |_| {});
    let silent = ScriptedServer::start();
    silent.rule(Rule::on("saslContinue").never_answer());
    sha256.rules().into_iter().for_each(|rule| silent.rule(rule));
    let named = credential().mechanism(Mechanism::ScramSha256);
    scene.run(scene.builder(&silent).credential(named).connect_timeout(Duration::from_millis(300)));

    scene.plain(Rule::on("saslStart").reply(reply(true, b"")), true);
    scene.plain(Rule::on("saslStart").reply(reply(false, b"more")), true);
    scene.plain(Rule::on("saslStart").reply(reply(true, b"")), false);
    scene.plain(Rule::on("saslStart").close(), true);
    scene.plain(echo("saslStart", PASSWORD), true);
    let mut strange = reply(true, b"");
    strange.insert("conversationId", PASSWORD);
    scene.plain(Rule::on("saslStart").reply(strange), true);

    repeating_hello(&scene);
    for server in [ScriptedServer::start(), ScriptedServer::builder().rule(refusing_hello()).start()] {
        scene.run(scene.builder(&server).credential(Credential::x509().username(USER)));
        scene.run(scene.builder(&server).credential(credential()));
    }
    strings_and_options(&captured);
    panics(&scene, &sha256);

    let all = captured.all();
    let found = needles.found_in(&all);
    if let Some(what) = found.first() {
        let lines: Vec<_> = all.lines().filter(|line| !needles.found_in(line).is_empty()).take(5).collect();
        panic!("{what} is in what was told; {found:?}: {}", lines.join("\n").escape_debug());
    }
    // It has listened, to all of them.
    for part in [
        "SCRAM-SHA-256 authentication of user",
        "SCRAM-SHA-1 authentication of user",
        "PLAIN authentication of user",
        "MONGODB-X509 authentication of user",
        "actix_mongo::command",
        "actix_mongo::connection",
        "actix_mongo::topology",
        "actix_mongo::server_selection",
        "CommandStarted",
        "PoolCleared",
        "ServerHeartbeatSucceeded",
        "***",
        "a waker that panics",
        "createUser",
        "within connectTimeoutMS",
        "signature is wrong",
        "SASLprep",
    ] {
        assert!(all.contains(part), "nothing was told of {part}");
    }
}

fn echo_of_nothing(command: &str) -> Rule {
    Rule::on(command).fail(18, "AuthenticationFailed")
}

fn refusing_hello() -> Rule {
    let asks = |it: &test_support::scripted::CommandRecord| it.body.contains_key("speculativeAuthenticate");
    let mut refusal = hello();
    refusal.insert("ok", 0.0);
    Rule::on("isMaster").when(asks).reply(refusal)
}

/// Strings that come apart in the wrong places, and options that can't be.
fn strings_and_options(captured: &Captured) {
    let escaped: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for text in [
        format!("mongodb://{USER}:{PASSWORD}@127.0.0.1:1/"),
        format!("mongodb://{USER}:{escaped}@127.0.0.1:1/?authMechanism=PLAIN"),
        format!("mongodb://{USER}:{PASSWORD}:x@127.0.0.1:1/"),
        format!("mongodb://{USER}:{PASSWORD}/x@127.0.0.1:1/"),
        format!("mongodb://{USER}:{PASSWORD}@"),
        format!("mongodb://{USER}:{PASSWORD}@127.0.0.1:1/?authMechanism=MONGODB-X509"),
        format!("mongodb://{USER}:{escaped}@127.0.0.1:1/?authMechanism=GSSAPI"),
        format!("mongodb://{USER}:{escaped}@127.0.0.1:1/?authMechanism={escaped}%40"),
        format!("mongodb://{USER}@127.0.0.1:1/?authMechanismProperties=x:{escaped}"),
        format!("mongodb://{USER}:x@127.0.0.1:1/?authMechanismProperties=x:{escaped}"),
        format!("mongodb://{USER}:12?{PREPARED}=x@127.0.0.1:1/"),
        format!("mongodb://{USER}:12?w=1&{PREPARED}@127.0.0.1:1/"),
        format!("mongodb://127.0.0.1:1/?tlsCertificateKeyFilePassword=x&{KEY_PASSWORD}"),
        format!("mongodb://127.0.0.1:1/?tlsCertificateKeyFilePassword=x&{KEY_PASSWORD}=1"),
        format!("mongodb://127.0.0.1:1/?tlsCertificateKeyFilePassword=x&w=1&{KEY_PASSWORD}=1"),
        format!(
            "mongodb://127.0.0.1:1/?tls=true&tlsCertificateKeyFile=/none&tlsCertificateKeyFilePassword={KEY_PASSWORD}"
        ),
    ] {
        match Connection::builder().uri(&text) {
            Ok(builder) => {
                captured.debug(&builder);
                match builder.connect_lazy() {
                    Ok(connection) => captured.debug(&connection),
                    Err(error) => captured.error(&error),
                }
            }
            Err(error) => captured.error(&error),
        }
        #[cfg(feature = "unstable-internals")]
        match actix_mongo::connection::uri::ConnectionString::read(&text) {
            Ok(read) => {
                captured.debug(&(read.credential(), &read.user, &read.options.auth.properties));
                captured.debug(&(&read, &read.warnings));
                captured.text(&read.to_string());
            }
            Err(error) => captured.error(&error),
        }
    }
    captured.debug(&(credential(), Secret::new(PASSWORD)));
    captured.debug(&TlsOptions::new().certificate_key_file_password(KEY_PASSWORD));
    for credential in [
        Credential::new("", PASSWORD),
        credential().mechanism(Mechanism::MongodbX509),
        credential().mechanism(Mechanism::MongodbAws),
        credential().mechanism_property("TOKEN", PASSWORD),
        Credential::new(USER, format!("{PASSWORD}\0")).mechanism(Mechanism::Plain),
    ] {
        captured.debug(&credential);
        let refused = Connection::builder().credential(credential).connect_lazy();
        captured.error(&refused.expect_err("it can't be used"));
    }
}

/// A panic with a failed authentication at hand, and one that prints its error.
fn panics(scene: &Scene<'_>, scram: &ScramServer) {
    let server = ScriptedServer::start();
    let bent = scram.clone().bent(|_, reply| drop(reply.insert("done", true)));
    bent.rules().into_iter().for_each(|rule| server.rule(rule));
    let builder = scene.builder(&server).credential(credential().mechanism(Mechanism::ScramSha256));
    let connection = block_on(builder.connect()).unwrap();
    let ping = || connection.database("d").unwrap().run_command(doc! { "ping": 1 });
    let mut call = ping().into_future();
    assert!(call.as_mut().poll(&mut Context::from_waker(&panicking())).is_pending());
    let error = block_on(ping().into_future()).unwrap_err();
    let printed = std::thread::spawn({
        let error = error.clone();
        move || panic!("{error:?}")
    });
    assert!(printed.join().is_err());
    scene.captured.error(&error);
    test_support::poll_until(SOON, "the panic", || scene.captured.all().contains("a waker that panics"));
}
