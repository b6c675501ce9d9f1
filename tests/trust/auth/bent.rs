//! Servers that bend each step of SCRAM, stop in the middle of it, or say nothing: each is an
//! error of its own at once, the pool is cleared, and no command is sent.

use std::time::{Duration, Instant};

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Kind};
use test_support::{Rule, ScriptedServer, block_on};

use super::scram_server::{ScramServer, Step, binary, refusal};
use super::support::{as_user, builder, offering, refused, try_it, try_uri};

pub type Bend = fn(&mut Document);

/// Changes the payload's text.
fn payload(reply: &mut Document, change: impl FnOnce(String) -> String) {
    let text = super::scram_server::text(reply);
    reply.insert("payload", binary(change(text).as_bytes()));
}

/// What is done to which answer, and what the error says of it.
pub const BENT: [(Step, Bend, &str); 34] = [
    (Step::First, |r| payload(r, |t| t[..5].to_owned()), "no salt"),
    (Step::First, |r| payload(r, |t| t[..t.len() / 2].to_owned()), ""),
    (Step::First, |r| payload(r, |t| t[..t.len() - 7].to_owned()), "no iteration count"),
    (Step::First, |r| payload(r, |_| String::new()), "no nonce"),
    (Step::First, |r| payload(r, |t| t.replacen("r=", "r=x", 1)), "answers somebody else"),
    (Step::First, |r| payload(r, |t| t.replace("+of+the+server", "")), "answers somebody else"),
    (Step::First, |r| payload(r, |t| t.replace(",s=", ",s=!")), "salt is not base64"),
    (Step::First, |r| payload(r, |t| t.replace(",s=", ",S=")), "no salt"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=4095")), "fewer than the 4096"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=1")), "fewer than the 4096"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=2000001")), "more than 2000000"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=99999999999999999999")), "more than 2000000"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=4096x")), "no number"),
    (Step::First, |r| payload(r, |t| t.replace("i=4096", "i=-4096")), "no number"),
    (Step::First, |r| payload(r, |t| format!("m=ext,{t}")), "extension"),
    (Step::First, |r| payload(r, |_| "e=other-error".to_owned()), "the server refused: other-error"),
    (Step::First, |r| drop(r.insert("done", true)), "before it has proved itself"),
    (Step::First, |r| drop(r.remove("done")), "whether it is done"),
    (Step::First, |r| drop(r.remove("payload")), "no payload"),
    (Step::First, |r| drop(r.insert("payload", "r=abc")), "no payload"),
    (Step::First, |r| drop(r.insert("payload", binary(&[0xff; 40]))), "no text"),
    (Step::First, |r| drop(r.remove("conversationId")), "no conversationId"),
    (Step::First, |r| drop(r.remove("ok")), "the server refused"),
    (Step::First, |r| *r = refusal(), "Authentication failed."),
    (
        Step::Final,
        |r| payload(r, |t| t.replacen(|c: char| c.is_ascii_lowercase() && c != 'v', "Q", 1)),
        "signature is wrong",
    ),
    (Step::Final, |r| payload(r, |_| "v=AAAA".to_owned()), "signature is wrong"),
    (Step::Final, |r| payload(r, |t| t[..4].to_owned()), ""),
    (Step::Final, |r| payload(r, |_| String::new()), "no signature"),
    (Step::Final, |r| payload(r, |_| "v=".to_owned()), "no signature"),
    (Step::Final, |r| payload(r, |_| "v=*".to_owned()), "not base64"),
    (Step::Final, |r| payload(r, |_| "e=invalid-proof".to_owned()), "the server refused: invalid-proof"),
    (Step::Final, |r| drop(r.insert("conversationId", 2)), "another conversation"),
    (Step::End, |r| drop(r.insert("done", false)), "does not end"),
    (Step::End, |r| payload(r, |_| "v=AAAA".to_owned()), "goes on where all was said"),
];

fn tried(
    server: &ScriptedServer,
    scram: &ScramServer,
    mechanism: &str,
) -> (Connection, actix_mongo::Result<Document>) {
    scram.rules().into_iter().for_each(|rule| server.rule(rule));
    let uri = as_user(server, &format!("?authMechanism={mechanism}"));
    let connection = block_on(builder(&uri).connect()).unwrap();
    let result = block_on(connection.database("d").unwrap().run_command(doc! { "ping": 1 }).into_future());
    (connection, result)
}

#[test]
fn an_upright_server_is_believed() {
    for (sha256, mechanism) in [(false, "SCRAM-SHA-1"), (true, "SCRAM-SHA-256")] {
        for scram in [ScramServer::new(sha256), ScramServer::new(sha256).long()] {
            let server = ScriptedServer::start();
            let (_connection, result) = tried(&server, &scram, mechanism);
            result.unwrap();
            assert_eq!(server.log().count("saslStart"), 1);
        }
    }
}

#[test]
fn each_step_that_is_bent_is_refused() {
    for (sha256, mechanism) in [(false, "SCRAM-SHA-1"), (true, "SCRAM-SHA-256")] {
        for (number, (step, bend, part)) in BENT.into_iter().enumerate() {
            let scram = ScramServer::new(sha256);
            let scram = if step == Step::End { scram.long() } else { scram };
            let scram = scram.bent(move |at, reply| {
                if at == step {
                    bend(reply);
                }
            });
            let server = ScriptedServer::start();
            let (connection, result) = tried(&server, &scram, mechanism);
            let error = refused(result);
            let text = error.to_string();
            assert!(text.contains(part) && text.contains(mechanism), "{number}: {text}");
            assert!(text.contains(&server.address().to_string()), "{text}");
            assert_eq!(server.log().count("ping"), 0, "{number}: {text}");
            // The server is unknown and its pool cleared; a check may have found it again.
            let state = connection.state();
            assert_eq!(state.servers[0].pool.as_ref().unwrap().generation, 1, "{number}: {state:?}");
        }
    }
}

#[test]
fn a_failed_authentication_clears_the_pool_and_reaches_all_who_wait() {
    let scram = ScramServer::new(true).bent(|step, reply| {
        if step == Step::Final {
            *reply = refusal();
        }
    });
    let server = ScriptedServer::start();
    let (connection, result) = tried(&server, &scram, "SCRAM-SHA-256");
    let error = refused(result);
    assert_eq!((error.code(), error.code_name()), (Some(18), Some("AuthenticationFailed")));
    let failure = error.authentication_failure().unwrap();
    assert_eq!((failure.mechanism, failure.source.as_str()), ("SCRAM-SHA-256", "admin"));
    assert_eq!(failure.user.as_deref(), Some("user"));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let connection = connection.clone();
            std::thread::spawn(move || {
                let call = connection.database("d").unwrap().run_command(doc! { "ping": 1 });
                block_on(call.into_future())
            })
        })
        .collect();
    for call in calls {
        let error = call.join().unwrap().unwrap_err();
        assert!(matches!(error.kind(), Kind::Authentication | Kind::PoolCleared), "{error:?}");
        assert!(error.to_string().contains("Authentication failed."), "{error}");
    }
    assert_eq!(server.log().count("ping"), 0);
}

#[test]
fn a_server_that_goes_in_the_middle_is_a_network_error() {
    for command in ["saslStart", "saslContinue"] {
        let server = ScriptedServer::start();
        server.rule(Rule::on(command).close());
        let (_connection, result) = tried(&server, &ScramServer::new(true), "SCRAM-SHA-256");
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
        assert!(error.is_network() && !error.may_have_run(), "{error:?}");
        // It had let the connection in: no sign of a busy server.
        assert!(error.labels().is_empty(), "{error:?}");
    }
}

#[test]
fn silence_ends_with_the_connect_timeout() {
    for command in ["saslStart", "saslContinue"] {
        let server = ScriptedServer::start();
        server.rule(Rule::on(command).never_answer());
        ScramServer::new(true).rules().into_iter().for_each(|rule| server.rule(rule));
        let uri = as_user(&server, "?authMechanism=SCRAM-SHA-256&connectTimeoutMS=400");
        let connection = block_on(builder(&uri).connect()).unwrap();
        let began = Instant::now();
        let error = try_it(&connection).unwrap_err();
        assert!(
            error.to_string().contains("did not finish authentication within connectTimeoutMS (400 ms)"),
            "{error}"
        );
        assert!(began.elapsed() >= Duration::from_millis(400));
    }
}

/// The ceiling's purpose: whoever answers can't keep a thread busy for long, nor an arbiter.
#[test]
fn an_absurd_count_is_refused_before_anything_is_hashed() {
    let mut scram = ScramServer::new(true);
    scram.iterations = 2_000_000_000;
    let server = offering(["SCRAM-SHA-256"]);
    let [start, _] = scram.rules();
    server.rule(start);
    let began = Instant::now();
    refused(try_uri(&as_user(&server, "")));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
