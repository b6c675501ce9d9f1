//! One slow reply among fast ones. As many callers as there are other sockets: at both
//! depths a call takes an idle socket before it shares one, so none has to be behind the
//! slow one. (With more callers than sockets that is what a depth above 1 costs; its page
//! says so.)

use std::time::{Duration, Instant};

use actix_mongo::Connection;
use test_support::{Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Story, Watch, assert_sound, build_info, connect, judge, ping, soon, wait_for_sockets,
};

at_both_depths!(a_reply_of_two_seconds_leaves_the_others_as_fast_as_they_were);

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
