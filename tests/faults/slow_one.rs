//! One slow reply among fast ones. As many callers as there are other sockets: at both
//! depths a call takes an idle socket before it shares one, so none has to be behind the
//! slow one. (With more callers than sockets that is what a depth above 1 costs; its page
//! says so.)

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use actix_mongo::Connection;
use actix_mongo::bson::doc;
use test_support::poll::holds_within;
use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Story, Watch, assert_sound, build_info, collection, connect, judge, ping, soon,
    wait_for_sockets,
};

at_both_depths! {
    a_reply_of_two_seconds_leaves_the_others_as_fast_as_they_were,
    a_slow_call_outlives_the_drivers_own_kill_behind_it,
}

const SLOW: Duration = Duration::from_secs(2);
const CALLERS: usize = 3;

fn a_reply_of_two_seconds_leaves_the_others_as_fast_as_they_were(depth: u32) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let sockets = u32::try_from(CALLERS).unwrap() + 1;
    let connection = connect(&server, depth, |builder| builder.max_pool_size(sockets).min_pool_size(sockets));
    wait_for_sockets(&connection, CALLERS + 1);
    let before = measure(&connection, Instant::now() + SLOW / 4);

    server.rule(Rule::on("buildInfo").once().delay(SLOW));
    let began = Instant::now();
    let slow = Pending::begin(build_info(&connection));
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    let watch = Watch::start();
    let during = measure(&connection, began + SLOW * 9 / 10);
    let machine = watch.end();
    slow.end().expect("it was only slow");
    assert!(began.elapsed() >= SLOW);

    let (calm, busy) = (p99(before), p99(during));
    println!("p99 at depth {depth}: {calm:?} without, {busy:?} beside the slow one");
    judge("the 99th call of a hundred", busy, 5 * calm, machine);
    assert_sound(&connection, &server);
}

/// How long each ping takes, of all callers, until then.
fn measure(connection: &Connection, until: Instant) -> Vec<Duration> {
    let caller = || {
        let mut times = Vec::new();
        while Instant::now() < until {
            let began = Instant::now();
            soon(ping(connection)).expect("served");
            times.push(began.elapsed());
        }
        times
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    assert!(times.len() > 100, "{} calls say nothing", times.len());
    times[times.len() * 99 / 100]
}

/// The driver gives its own kills five seconds. One that is behind a call that takes longer,
/// on the same socket, is given up, and costs neither the call nor the socket.
fn a_slow_call_outlives_the_drivers_own_kill_behind_it(depth: u32) {
    const GIVEN_UP: Duration = Duration::from_millis(6500);
    let _story = Story::begin();
    let documents = (0..9).map(|number| doc! { "_id": number });
    let server = ScriptedServer::builder().documents(documents).start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(1));
    let cursor = soon(collection(&connection).find(doc! {}).batch_size(2)).unwrap();
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    let mut slow = Pending::begin(build_info(&connection));
    server.wait_for(|log| log.count("buildInfo") == 1, SOON);
    drop(cursor);
    if depth > 1 {
        server.wait_for(|log| log.count("killCursors") == 1, SOON);
    }
    let mut task = Context::from_waker(Waker::noop());
    let early = holds_within(GIVEN_UP, || Pin::new(&mut slow).poll(&mut task).is_ready());
    assert!(!early, "nothing answered it, and it has all the time");
    gate.open();
    slow.end().expect("it was only slow");
    soon(ping(&connection)).expect("by the same socket");
    assert_eq!(server.log().used_connections().len(), 1);
}
