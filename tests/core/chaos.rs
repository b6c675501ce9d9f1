//! Many calls, dropped at random, on sockets that break at random: whatever happens,
//! nothing hangs and nothing leaks.

use std::time::Duration;

use actix_mongo::Kind;
use bson::doc;
use test_support::{DropAfter, Rule, ScriptedServer, poll_until};

use crate::support::{Client, Command, SOON, command, connect, find, insert, soon, story};

/// A generator whose sequence follows from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn any_command(dice: &mut Dice) -> Command {
    let chosen = match dice.roll(4) {
        0 => {
            let mut find = find();
            find.body_mut().insert("batchSize", 2);
            find
        }
        1 => insert(),
        2 => command(doc! { "buildInfo": 1 }).plan(|plan| plan.exclusive = true),
        _ => command(doc! { "ping": 1 }),
    };
    match dice.roll(5) {
        0 => chosen.within(Duration::from_millis(dice.roll(30))),
        _ => chosen,
    }
}

/// One caller: calls, some of which it drops after a few polls.
async fn caller(client: Client, mut dice: Dice) {
    for _ in 0..40 {
        let command = any_command(&mut dice);
        let call = client.run(command);
        let polls = match dice.roll(3) {
            0 => usize::try_from(dice.roll(4)).unwrap(),
            _ => usize::MAX,
        };
        if let Some(Err(error)) = soon(DropAfter::new(polls, call)).await {
            let expected = [
                Kind::AutoReconnect,
                Kind::PoolCleared,
                Kind::Timeout,
                Kind::ConnectionFailure,
                Kind::Protocol,
                Kind::Command,
            ];
            assert!(expected.contains(&error.kind()), "{error:?}");
        }
    }
}

fn chaos(seed: u64, depth: usize) {
    story(async {
        let documents = (0..5).map(|number| doc! { "_id": number });
        let hello = test_support::Hello::primary("rs");
        let server = ScriptedServer::builder().hello(hello).documents(documents).start();
        let client = connect(&[&server], |options| {
            options.pool.max_size = 3;
            options.pool.pipeline_depth = depth;
        });
        let not_hello = |nth: usize, of: usize| {
            let count = std::sync::atomic::AtomicUsize::new(0);
            move |it: &test_support::scripted::CommandRecord| {
                let ours = !it.is_hello() && it.name != "killCursors";
                ours && count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % of == nth
            }
        };
        server.rule(Rule::any().when(not_hello(61, 97)).times(4).reset());
        server.rule(Rule::any().when(not_hello(50, 101)).times(4).cut_after(25).then_close());
        server.rule(Rule::any().when(not_hello(40, 89)).times(3).more_to_come());
        server.rule(Rule::any().when(not_hello(30, 13)).delay(Duration::from_millis(2)));
        server.rule(Rule::any().when(not_hello(20, 71)).times(2).fail(1, "InternalError"));
        let callers: Vec<_> =
            (0..12).map(|n| tokio::spawn(caller(client.clone(), Dice(seed * 100 + n)))).collect();
        for caller in callers {
            caller.await.unwrap();
        }
        server.clear_rules();
        // Errors that dropped calls met may still be on their way.
        soon(async { while client.run(command(doc! { "ping": 1 })).await.is_err() {} }).await;
        poll_until(SOON, "all to come to rest", || {
            let stats = client.stats();
            (stats.in_flight, stats.queued, stats.pending, stats.leased) == (0, 0, 0, 0)
                && stats.idle == stats.total
        });
        assert_eq!(client.pool().operations(), 0);
        assert!(client.stats().total <= 3);
        assert!(client.core().sessions.len() <= 3 * depth + 12, "{} sessions", client.core().sessions.len());
        let log = server.log();
        assert!(log.protocol_errors.is_empty(), "{:?}", log.protocol_errors);
        soon(client.leave()).await;
    });
}

#[test]
fn one_request_at_a_time() {
    for seed in 1..=2 {
        chaos(seed, 1);
    }
}

#[test]
fn four_requests_at_a_time() {
    for seed in 1..=2 {
        chaos(seed, 4);
    }
}
