//! Arbiters of the application's own.

use actix_mongo::Connection;
use actix_mongo::bson::doc;
use test_support::{Gate, Rule, ScriptedServer, block_on};

use crate::support::{GRACE, Lent, SOON, collection, live, uri, work};

#[test]
fn lent_arbiters_serve_callers_on_them_and_elsewhere() {
    let lent = Lent::start(2);
    let builder = Connection::builder().uri(uri()).unwrap().lend_arbiters(lent.handles());
    let connection = block_on(builder.connect()).unwrap();
    let things = collection(&connection);
    lent.run(0, work(things.clone(), 0));
    lent.run(1, work(things.clone(), 100));
    block_on(work(things, 200));
    lent.run(0, live(connection));
}

#[test]
fn an_arbiter_may_lend_itself() {
    actix::System::new().block_on(async {
        let builder = Connection::builder().uri(uri()).unwrap().lend_arbiters([actix::Arbiter::current()]);
        live(builder.connect().await.unwrap()).await;
    });
}

/// Two sockets, one on each arbiter; both are idle.
#[test]
fn a_caller_prefers_a_socket_of_its_own_thread() {
    let (lent, server) = (Lent::start(2), ScriptedServer::start());
    let builder = Connection::builder().uri(server.uri()).unwrap().lend_arbiters(lent.handles());
    let connection = block_on(builder.connect()).unwrap();
    let database = connection.database("d").unwrap();
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").times(2).after(&gate));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let call = database.run_command(doc! { "buildInfo": 1 }).into_future();
            scope.spawn(|| block_on(call).unwrap());
        }
        server.wait_for(|log| log.count("buildInfo") == 2, SOON);
        gate.open();
    });
    let place = |number: i32| {
        server.wait_for_some(
            |log| {
                let mut pings = log.commands_named("ping");
                pings.find(|it| it.body.get_i32("ping").ok() == Some(number)).map(|it| it.connection)
            },
            SOON,
        )
    };
    // In turn, so that the socket used last is always that of the other arbiter.
    let places: Vec<usize> = (0..6)
        .map(|number| {
            let call = database.run_command(doc! { "ping": number }).into_future();
            lent.run(usize::try_from(number % 2).unwrap(), call).unwrap();
            place(number)
        })
        .collect();
    assert_ne!(places[0], places[1]);
    assert_eq!(places, [places[0], places[1]].repeat(3));
    block_on(connection.close(GRACE));
}
