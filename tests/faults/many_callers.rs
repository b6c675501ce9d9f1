//! A server that stalls while ten thousand callers come: bounds and deadlines are kept, and
//! memory is what their requests hold.

use std::fs;
use std::time::{Duration, Instant};

use actix_mongo::{Connection, Kind};
use test_support::poll::holds_within;
use test_support::{Rule, ScriptedServer};

use crate::support::{
    Is, Pending, SOON, Story, Watch, assert_error, assert_sound, build_info, connect, judge, soon, stats,
};

at_both_depths!(ten_thousand_callers_on_a_stalled_server);

const CALLERS: usize = 10_000;
const QUEUE: usize = 9_000;
const SOCKETS: u32 = 4;
const LIMIT: Duration = Duration::from_millis(1000);
const ROUNDS: usize = 2;
/// What one caller may hold: its future, its request of 200 bytes, its place in the queue.
const PER_CALLER: usize = 4 * 1024;
/// What the allocator and the system's pages may differ by.
const NOISE: usize = 4 << 20;

fn ten_thousand_callers_on_a_stalled_server(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection =
        connect(&server, depth, |builder| builder.max_pool_size(SOCKETS).max_queued_requests(QUEUE));
    server.rule(Rule::on("buildInfo").never_answer());
    let mut grown = Vec::new();
    for _ in 0..ROUNDS {
        let before = resident();
        round(&connection, &server, depth, before);
        grown.push(resident().saturating_sub(before));
        assert_sound(&connection, &server);
    }
    println!("at depth {depth} memory grew by {grown:?} bytes from round to round");
    // The first round's pages are used again by the others.
    assert!(grown[1..].iter().all(|bytes| *bytes < CALLERS * PER_CALLER / 4), "{grown:?}");
    server.clear_rules();
    assert_sound(&connection, &server);
}

fn round(connection: &Connection, server: &ScriptedServer, depth: u32, before: usize) {
    let in_flight = usize::try_from(SOCKETS * depth).unwrap();
    let written = server.log().count("buildInfo");
    let watch = Watch::start();
    let began = Instant::now();
    let (mut waiting, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..CALLERS {
        let began = Instant::now();
        match Pending::once(build_info(connection).timeout(LIMIT), std::task::Waker::noop()) {
            Ok(call) => waiting.push((began, call)),
            Err(outcome) => refused.push(outcome.unwrap_err()),
        }
    }
    let begun = began.elapsed();
    server.wait_for(|log| log.count("buildInfo") == written + in_flight, SOON);
    let seen = stats(connection);
    assert!(seen.queued <= QUEUE && seen.in_flight == in_flight, "{seen:?}");
    assert!(waiting.len() <= QUEUE + in_flight && waiting.len() >= QUEUE, "{} wait", waiting.len());
    for error in &refused {
        assert_error(error, Kind::QueueFull, &[]);
    }
    // While it stalls nothing grows.
    let (low, mut high) = (resident(), 0);
    assert!(low.saturating_sub(before) < CALLERS * PER_CALLER + NOISE, "{} bytes", low - before);
    let half = (LIMIT / 2).saturating_sub(began.elapsed());
    holds_within(half, || {
        high = high.max(resident());
        false
    });
    assert!(high.saturating_sub(low) < NOISE, "from {low} to {high} while nothing happened");
    assert_eq!(server.log().count("buildInfo"), written + in_flight);

    // Each is told at its own deadline.
    let (mut errors, mut latest) = (Vec::new(), Duration::ZERO);
    soon(async {
        for (began, call) in waiting {
            errors.push(call.await.unwrap_err());
            latest = latest.max(began.elapsed());
        }
    });
    let machine = watch.end();
    println!(
        "{} calls begun in {begun:?}, {} refused, the latest over after {latest:?}, all in {:?}",
        CALLERS,
        refused.len(),
        began.elapsed()
    );
    judge("the latest of all calls", latest, LIMIT, machine);
    // Those that were in flight, and the few that got the place of one that ended earlier.
    let ran = errors.iter().filter(|error| error.may_have_run());
    assert!(ran.count() >= in_flight);
    for error in &errors {
        match (error.kind(), error.may_have_run()) {
            // Behind one on the same socket that ran out of time a moment earlier.
            (Kind::AutoReconnect, _) if depth > 1 => {
                assert_error(error, Kind::AutoReconnect, &[Is::Network, Is::MayHaveRun]);
            }
            (_, true) => assert_error(error, Kind::Timeout, &[Is::Timeout, Is::MayHaveRun]),
            (_, false) => assert_error(error, Kind::Timeout, &[Is::Timeout]),
        }
    }
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
