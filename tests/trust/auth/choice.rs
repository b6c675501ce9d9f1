//! Which mechanism is used, and how: negotiated, speculative, PLAIN, certificates.

use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Credential, Kind, Mechanism};
use test_support::{Hello, Rule, ScriptedServer, block_on};

use super::scram_server::{ScramServer, hello, refusal, reply, text};
use super::support::{as_user, builder, offering, refused, try_it, try_uri};

/// The rule that lets the command of [`try_it`] succeed.
fn willing(server: &ScriptedServer) {
    server.rule(Rule::on("dbStats").reply(doc! { "ok": 1.0 }));
}

/// The mechanism of the one `saslStart`.
fn started(server: &ScriptedServer) -> String {
    let log = server.log();
    let commands: Vec<_> = log.commands_named("saslStart").collect();
    assert_eq!(commands.len(), 1);
    commands[0].body.get_str("mechanism").unwrap().to_owned()
}

/// The hellos of the pool's sockets.
fn greetings(server: &ScriptedServer) -> Vec<Document> {
    let log = server.log();
    let used = log.used_connections();
    let of_pool = |number: usize| used.contains(&number);
    log.commands_named("isMaster").filter(|it| of_pool(it.connection)).map(|it| it.body.clone()).collect()
}

#[test]
fn the_better_scram_that_the_user_has_is_taken() {
    let cases: [(&[&str], bool); 4] = [
        (&["SCRAM-SHA-1", "SCRAM-SHA-256"], true),
        (&["SCRAM-SHA-256"], true),
        (&["SCRAM-SHA-1"], false),
        (&["PLAIN", "MONGODB-X509"], false),
    ];
    for (offered, sha256) in cases {
        let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
        let server =
            ScriptedServer::builder().hello(Hello::standalone().with("saslSupportedMechs", offered)).start();
        ScramServer::new(sha256).rules().into_iter().for_each(|rule| server.rule(rule));
        willing(&server);
        try_uri(&as_user(&server, "")).unwrap();
        assert_eq!(started(&server), if sha256 { "SCRAM-SHA-256" } else { "SCRAM-SHA-1" });
        let [greeting] = greetings(&server).try_into().unwrap();
        assert_eq!(greeting.get_str("saslSupportedMechs").unwrap(), "admin.user");
        let speculative = greeting.get_document("speculativeAuthenticate").unwrap();
        assert_eq!(speculative.get_str("mechanism").unwrap(), "SCRAM-SHA-256");
    }
}

#[test]
fn without_a_word_of_the_server_it_is_the_older_one() {
    let server = ScriptedServer::start();
    ScramServer::new(false).rules().into_iter().for_each(|rule| server.rule(rule));
    willing(&server);
    try_uri(&as_user(&server, "")).unwrap();
    assert_eq!(started(&server), "SCRAM-SHA-1");
}

/// Whoever stands between can strike the better mechanism from what a server offers; who
/// names it is safe from that.
#[test]
fn a_mechanism_that_is_named_is_not_given_up_for_a_weaker_one() {
    let server = offering(["SCRAM-SHA-1"]);
    let [start, go_on] = ScramServer::new(false).rules();
    let weaker =
        |it: &test_support::scripted::CommandRecord| it.body.get_str("mechanism").ok() == Some("SCRAM-SHA-1");
    server.rule(start.when(weaker));
    server.rule(go_on);
    let error = refused(try_uri(&as_user(&server, "?authMechanism=SCRAM-SHA-256")));
    assert_eq!(error.authentication_failure().unwrap().mechanism, "SCRAM-SHA-256");
    assert!(
        server
            .log()
            .commands_named("saslStart")
            .all(|it| it.body.get_str("mechanism").ok() == Some("SCRAM-SHA-256"))
    );
    assert!(greetings(&server).iter().all(|it| !it.contains_key("saslSupportedMechs")));
}

#[test]
fn monitors_say_nothing_of_the_user() {
    let server = offering(["SCRAM-SHA-256"]);
    ScramServer::new(true).rules().into_iter().for_each(|rule| server.rule(rule));
    willing(&server);
    try_uri(&as_user(&server, "")).unwrap();
    let log = server.log();
    let used = log.used_connections();
    let of_monitors: Vec<_> = log.commands.iter().filter(|it| !used.contains(&it.connection)).collect();
    assert!(!of_monitors.is_empty());
    for command in of_monitors {
        assert!(command.is_hello(), "{command:?}");
        for key in ["saslSupportedMechs", "speculativeAuthenticate"] {
            assert!(!command.body.contains_key(key), "{command:?}");
        }
    }
}

#[test]
fn an_answer_in_the_hello_saves_a_round_trip() {
    for (sha256, rest) in
        [(true, ""), (true, "?authMechanism=SCRAM-SHA-256"), (false, "?authMechanism=SCRAM-SHA-1")]
    {
        let server = ScriptedServer::start();
        let scram = ScramServer::new(sha256);
        server.rule(scram.speculative());
        scram.rules().into_iter().for_each(|rule| server.rule(rule));
        willing(&server);
        try_uri(&as_user(&server, rest)).unwrap();
        assert_eq!((server.log().count("saslStart"), server.log().count("saslContinue")), (0, 1), "{rest}");
        assert_eq!(greetings(&server).len(), 1);
    }
}

/// A bent answer in the hello is judged as one elsewhere.
#[test]
fn a_bent_answer_in_the_hello_is_refused() {
    let server = ScriptedServer::start();
    let scram = ScramServer::new(true).bent(|_, reply| {
        let bent = text(reply).replace("i=4096", "i=1");
        reply.insert("payload", super::scram_server::binary(bent.as_bytes()));
    });
    server.rule(scram.speculative());
    let error = refused(try_uri(&as_user(&server, "")));
    assert!(error.to_string().contains("fewer than the 4096"), "{error}");
    assert_eq!(server.log().count("saslStart"), 0);
}

#[test]
fn a_refused_hello_is_an_error_of_authentication() {
    let server = ScriptedServer::start();
    let asks = |it: &test_support::scripted::CommandRecord| it.body.contains_key("saslSupportedMechs");
    server.rule(Rule::on("isMaster").when(asks).reply(refusal()));
    let error = refused(try_uri(&as_user(&server, "")));
    assert_eq!(error.code(), Some(18));
}

/// Whoever answers could say that it is one, and get commands without any proof.
#[test]
fn arbiters_have_no_users_and_get_no_commands_of_users() {
    let arbiter = hello_of_an_arbiter();
    let server = ScriptedServer::builder().hello(arbiter).start();
    willing(&server);
    let uri = as_user(&server, "?directConnection=true&readPreference=secondaryPreferred");
    let error = refused(try_uri(&uri));
    assert!(error.to_string().contains("arbiter"), "{error}");
    assert_eq!((server.log().count("saslStart"), server.log().count("ping")), (0, 0));
}

fn hello_of_an_arbiter() -> Hello {
    Hello::secondary("rs").with("secondary", false).with("arbiterOnly", true)
}

#[test]
fn plain_sends_user_and_password_and_nothing_before() {
    let server = ScriptedServer::start();
    server.rule(Rule::on("saslStart").reply(reply(true, b"")));
    willing(&server);
    let uri = format!("mongodb://us%2Cer:p%C3%A4ncil@{}/?authMechanism=PLAIN", server.address());
    let connection = block_on(builder(&uri).allow_cleartext_password(true).connect()).unwrap();
    try_it(&connection).unwrap();
    let log = server.log();
    let start = log.commands_named("saslStart").next().unwrap();
    assert_eq!((start.database.as_str(), text(&start.body).as_str()), ("$external", "\0us,er\0p\u{e4}ncil"));
    assert_eq!(start.body.get_str("mechanism").unwrap(), "PLAIN");
    for greeting in greetings(&server) {
        assert!(
            !greeting.contains_key("speculativeAuthenticate") && !greeting.contains_key("saslSupportedMechs")
        );
    }
}

#[test]
fn plain_without_tls_is_refused_before_anything_is_sent() {
    let server = ScriptedServer::start();
    let credential = Credential::new("user", "pencil").mechanism(Mechanism::Plain);
    for builder in
        [builder(&as_user(&server, "?authMechanism=PLAIN")), builder(&server.uri()).credential(credential)]
    {
        let error = block_on(builder.connect()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument, "{error:?}");
        assert!(error.to_string().contains("allow_cleartext_password"), "{error}");
    }
    assert!(server.log().connections.is_empty());
}

#[test]
fn a_certificate_is_named_to_the_server_in_both_ways() {
    for (credential, user) in
        [(Credential::x509(), None), (Credential::x509().username("CN=me"), Some("CN=me"))]
    {
        for speculative in [false, true] {
            let server = ScriptedServer::start();
            server.rule(
                Rule::on("authenticate").reply(doc! { "dbname": "$external", "user": "CN=me", "ok": 1.0 }),
            );
            if speculative {
                let asks = |it: &test_support::scripted::CommandRecord| {
                    it.body.contains_key("speculativeAuthenticate")
                };
                let mut answer = hello();
                answer.insert("speculativeAuthenticate", doc! { "dbname": "$external", "user": "CN=me" });
                server.rule(Rule::on("isMaster").when(asks).reply(answer));
            }
            willing(&server);
            let connection =
                block_on(builder(&server.uri()).credential(credential.clone()).connect()).unwrap();
            try_it(&connection).unwrap();
            let log = server.log();
            let expected = |mut document: Document| {
                if let Some(user) = user {
                    document.insert("user", user);
                }
                document
            };
            let first = doc! { "authenticate": 1, "mechanism": "MONGODB-X509" };
            assert_eq!(
                *greetings(&server)[0].get_document("speculativeAuthenticate").unwrap(),
                expected(first.clone())
            );
            let sent: Vec<_> = log.commands_named("authenticate").collect();
            assert_eq!(sent.len(), usize::from(!speculative));
            for command in sent {
                let mut whole = expected(first.clone());
                whole.insert("$db", "$external");
                assert_eq!(command.body, whole);
            }
        }
    }
}

/// Many sockets at once: each proves the user by itself, and the password is hashed once.
#[test]
fn cold_sockets_share_the_slow_part() {
    let server = offering(["SCRAM-SHA-256"]);
    let mut scram = ScramServer::new(true);
    scram.iterations = 20_000;
    scram.rules().into_iter().for_each(|rule| server.rule(rule));
    let uri = as_user(&server, "?minPoolSize=20&maxConnecting=20");
    let connection = block_on(builder(&uri).connect()).unwrap();
    server.wait_for(|log| log.count("saslContinue") == 20, Duration::from_secs(60));
    let log = server.log();
    let nonces: std::collections::BTreeSet<_> =
        log.commands_named("saslStart").map(|it| text(&it.body)).collect();
    assert_eq!(nonces.len(), 20, "each conversation has a nonce of its own");
    drop(connection);
}
