//! `connect` and `close`, dropped at their first poll, their second, and so on.

use std::time::Duration;

use actix_mongo::Kind;
use test_support::{Drip, DropAfter, Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Step, Story, assert_error, assert_sound, build_info, builder, connect, ping, soon,
    step_by_step,
};

at_both_depths!(connecting, closing);

/// Bytes of the hello between two polls.
const BYTES: usize = 50;

fn connecting(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let mut polls = 0;
    let connection = loop {
        let drip = Drip::new();
        server.clear_rules();
        server.rule(Rule::on("isMaster").drip(&drip));
        let before = server.log().count("isMaster");
        let (mut begun, mut over) = (false, false);
        let outcome = step_by_step(DropAfter::new(polls, builder(&server, depth).connect()), || {
            if !begun {
                begun = true;
                server.wait_for(|log| log.count("isMaster") == before + 1, SOON);
                return Step::Poll;
            }
            over = over || !drip.let_through(BYTES, SOON);
            if over { Step::Wait } else { Step::Poll }
        });
        drip.open();
        if let Some(connection) = outcome {
            break connection.expect("nobody dropped it");
        }
        // Nothing is left behind.
        server.wait_for(|log| log.open_connections() == 0, SOON);
        polls += 1;
    };
    println!("connect at depth {depth}: {polls} polls");
    assert!(polls >= 5, "it was dropped in {polls} places only");
    server.clear_rules();
    assert_sound(&connection, &server);
}

/// Once polled it goes on, dropped or not; the call that is under way has its grace.
fn closing(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let mut polls = 0;
    loop {
        server.clear_rules();
        let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
        let (gate, drip) = (Gate::new(), Drip::new());
        server.rule(Rule::on("buildInfo").after(&gate).drip(&drip));
        let before = server.log().count("buildInfo");
        let call = Pending::begin(build_info(&connection));
        server.wait_for(|log| log.count("buildInfo") == before + 1, SOON);
        let (mut opened, mut over) = (false, false);
        let outcome = step_by_step(DropAfter::new(polls, connection.close(SOON)), || {
            if !std::mem::replace(&mut opened, true) {
                gate.open();
                return Step::Poll;
            }
            over = over || !drip.let_through(BYTES / 4, SOON);
            if over { Step::Wait } else { Step::Poll }
        });
        gate.open();
        drip.open();
        call.end().expect("it had its grace");
        if polls == 0 {
            soon(ping(&connection)).expect("a close that was never polled is none");
        } else {
            assert_error(&soon(ping(&connection)).unwrap_err(), Kind::Closed, &[]);
        }
        soon(connection.close(Duration::ZERO));
        server.wait_for(|log| log.open_connections() == 0, SOON);
        match outcome {
            None => polls += 1,
            Some(()) => break,
        }
    }
    println!("close at depth {depth}: {polls} polls");
    assert!(polls >= 5, "it was dropped in {polls} places only");
}
