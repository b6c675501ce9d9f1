//! Sockets that end while nobody uses them: that is no error and touches no other.

use test_support::{Gate, Rule, ScriptedServer};

use crate::support::{
    Pending, SOON, Story, assert_sound, build_info, connect, ping, soon, stats, wait_for_sockets,
};

at_both_depths!(the_end_of_idle_sockets_clears_nothing, idle_sockets_that_are_reset_clear_nothing);

fn ends(depth: u32, end: impl Fn(&ScriptedServer, usize) -> bool) {
    let _story = Story::begin();
    let server = ScriptedServer::start();
    let connection = connect(&server, depth, |builder| builder.max_pool_size(4).max_connecting(4));
    let gate = Gate::new();
    server.rule(Rule::on("buildInfo").after(&gate));
    // As many as need all four.
    let calls: Vec<_> = (0..4 * depth).map(|_| Pending::begin(build_info(&connection))).collect();
    server.wait_for(|log| log.count("buildInfo") == calls.len(), SOON);
    gate.open();
    calls.into_iter().for_each(|call| drop(call.end().unwrap()));
    wait_for_sockets(&connection, 4);
    let sockets = server.log().used_connections();
    for (ended, socket) in (1..).zip(&sockets[..3]) {
        assert!(end(&server, *socket));
        wait_for_sockets(&connection, 4 - ended);
    }
    // The one that is left serves at once, and the server's state was never in doubt.
    soon(ping(&connection)).unwrap();
    assert!(end(&server, sockets[3]));
    wait_for_sockets(&connection, 0);
    assert_sound(&connection, &server);
    assert_eq!(stats(&connection).generation, 0);
    let lost = connection.state().recent;
    assert!(!lost.iter().any(|it| it.what.starts_with("is now Unknown: ")), "{lost:?}");
    let log = server.log();
    assert_eq!((log.connections.len(), log.connections[0].end), (1 + 5, None), "the monitor's lives");
}

fn the_end_of_idle_sockets_clears_nothing(depth: u32) {
    ends(depth, ScriptedServer::close_connection);
}

fn idle_sockets_that_are_reset_clear_nothing(depth: u32) {
    ends(depth, ScriptedServer::reset_connection);
}
