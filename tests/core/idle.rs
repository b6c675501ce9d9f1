//! Sockets that the server closes while nothing is in flight on them.

use std::pin::{Pin, pin};
use std::task::Context;

use bson::doc;
use test_support::scripted::End;
use test_support::{Gate, Rule, ScriptedServer, poll_until};

use crate::support::arbiter::LentArbiter;
use crate::support::waker::Stopper;
use crate::support::{SOON, command, connect, find, open_sockets, soon, story};

#[test]
fn the_end_of_an_idle_socket_is_the_end_of_that_socket_only() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let sockets = open_sockets(&client, &server, 2).await;
        assert!(server.close_connection(sockets[1]));
        poll_until(SOON, "the pool to lose the socket", || client.stats().total == 1);
        client.ping().await;
        let log = server.log();
        assert_eq!(log.commands_named("ping").next().unwrap().connection, sockets[0]);
        assert_eq!(client.stats().generation, 0);
        assert_eq!(client.times_lost(), 0);
    });
}

#[test]
fn a_reset_of_an_idle_socket_is_the_end_of_that_socket_only() {
    story(async {
        let server = ScriptedServer::start();
        let client = connect(&[&server], |_| {});
        let sockets = open_sockets(&client, &server, 2).await;
        assert!(server.reset_connection(sockets[1]));
        poll_until(SOON, "the pool to lose the socket", || client.stats().total == 1);
        client.ping().await;
        assert_eq!(server.log().commands_named("ping").next().unwrap().connection, sockets[0]);
        assert_eq!(client.times_lost(), 0);
    });
}

/// The one thread that all sockets live on is stopped twice. The first time, so that it
/// finds the news of two sockets together when it goes on: a reply, and behind it the end
/// of an idle socket. Taking the reply stops it again, and now the idle socket is claimed,
/// whose end is known to the system but not yet to its actor.
#[test]
fn a_call_that_claims_a_dead_socket_goes_to_another_one_in_silence() {
    story(async {
        let server = ScriptedServer::start();
        let arbiter = LentArbiter::start();
        let client = connect(&[&server], |options| options.lent_arbiters = arbiter.handles());
        let sockets = open_sockets(&client, &server, 3).await;
        let dead = sockets[0];
        let (gate, first, stoppers) = (Gate::new(), Gate::new(), [Stopper::new(), Stopper::new()]);
        server.rule(Rule::on("find").after(&gate));
        server.rule(Rule::on("ping").after(&first));
        let mut slow = pin!(client.run(find()));
        assert!(poll(&mut slow, &stoppers[1]));
        server.until(|log| log.count("find") == 1, SOON).await;
        let mut quick = pin!(client.run(command(doc! { "ping": 1 })));
        assert!(poll(&mut quick, &stoppers[0]));
        first.open();
        stoppers[0].wait_until_stopped();
        gate.open();
        server.until(|log| log.commands_named("find").all(|it| it.answered), SOON).await;
        assert!(server.close_connection(dead));
        server.until(|log| log.connections[dead - 1].end == Some(End::ByServer), SOON).await;
        stoppers[0].let_go();
        stoppers[1].wait_until_stopped();

        let mut calls = Vec::new();
        for _ in 0..3 {
            calls.push(client.start(command(doc! { "buildInfo": 2 })).await);
        }
        assert_eq!(client.stats().in_flight, 3, "one on each socket, also the dead one");
        stoppers[1].let_go();
        soon(quick).await.expect("answered before");
        soon(slow).await.expect("answered before");
        for call in calls {
            soon(call).await.unwrap().expect("served, be it elsewhere");
        }
        let log = server.log();
        let places: Vec<usize> = log.commands_named("buildInfo").skip(3).map(|it| it.connection).collect();
        assert_eq!(places.len(), 3);
        assert!(!places.contains(&dead));
        assert_eq!((client.stats().generation, client.times_lost()), (0, 0));
    });
}

fn poll(call: &mut Pin<&mut impl Future>, stopper: &Stopper) -> bool {
    call.as_mut().poll(&mut Context::from_waker(&stopper.waker())).is_pending()
}
