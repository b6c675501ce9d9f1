//! Servers that leave the deployment, and come back.

use std::sync::Arc;

use actix_mongo::pool::Pool;
use actix_mongo::topology::{Criteria, ReadMode, ReadPreference, ServerKind};
use test_support::{Gate, Hello, Rule, ScriptedServer};
use tokio::task::JoinHandle;

use crate::support::{Client, Command, SOON, address, connect, find, soon, story};

/// A primary, a secondary whose only socket is busy with a find, and that call.
struct Set {
    primary: ScriptedServer,
    secondary: ScriptedServer,
    client: Client,
    call: JoinHandle<actix_mongo::Result<bson::Document>>,
    /// The call is answered when it opens.
    gate: Gate,
}

fn hosts(members: &[&ScriptedServer]) -> Vec<String> {
    members.iter().map(|server| server.address().to_string()).collect()
}

fn find_with(mode: ReadMode) -> Command {
    find().plan(|plan| plan.target = Criteria::Read(ReadPreference::new(mode)))
}

async fn set() -> Set {
    let (primary, secondary) = (ScriptedServer::start(), ScriptedServer::start());
    let both = hosts(&[&primary, &secondary]);
    primary.set_hello(Hello::primary("rs").hosts(both.clone()));
    secondary.set_hello(Hello::secondary("rs").hosts(both));
    let client = connect(&[&primary, &secondary], |options| {
        options.topology.replica_set = Some("rs".to_owned());
        options.pool.max_size = 1;
    });
    client.until_kind(&address(&primary), ServerKind::RsPrimary).await;
    client.until_kind(&address(&secondary), ServerKind::RsSecondary).await;
    let gate = Gate::new();
    secondary.rule(Rule::on("find").once().after(&gate));
    let call = client.start(find_with(ReadMode::Secondary).within(SOON)).await;
    secondary.until(|log| log.count("find") == 1, SOON).await;
    Set { primary, secondary, client, call, gate }
}

impl Set {
    async fn remove(&self) {
        self.primary.set_hello(Hello::primary("rs").hosts(hosts(&[&self.primary])));
        let (mut snapshots, gone) = (self.client.core().snapshots.clone(), address(&self.secondary));
        soon(snapshots.wait_for(|picture| !picture.pools.contains_key(&gone))).await.unwrap();
    }

    async fn add_again(&self) -> Arc<Pool> {
        self.primary.set_hello(Hello::primary("rs").hosts(hosts(&[&self.primary, &self.secondary])));
        self.client.until_kind(&address(&self.secondary), ServerKind::RsSecondary).await;
        let snapshot = self.client.core().snapshots.borrow().clone();
        snapshot.pools[&address(&self.secondary)].clone()
    }
}

#[test]
fn a_call_that_waits_for_a_server_that_leaves_goes_to_another_one() {
    story(async {
        let set = set().await;
        let waiting = set.client.start(find_with(ReadMode::SecondaryPreferred).within(SOON)).await;
        set.remove().await;
        soon(waiting).await.unwrap().expect("the primary serves it");
        assert_eq!(set.primary.log().count("find"), 1);
        assert!(!set.call.is_finished());
    });
}

#[test]
fn what_befalls_the_sockets_of_a_server_that_left_does_not_touch_its_successor() {
    story(async {
        let set = set().await;
        set.remove().await;
        let pool = set.add_again().await;
        soon(set.client.run(find_with(ReadMode::Secondary).within(SOON))).await.expect("a new socket");
        let lost = set.client.times_lost();
        let old = set.secondary.log().commands_named("find").next().unwrap().connection;
        assert!(set.secondary.reset_connection(old));
        soon(set.call).await.unwrap().expect("its second attempt");
        set.client.settle().await;
        assert_eq!((pool.stats().generation, pool.stats().state), (0, "ready"));
        assert_eq!(set.client.times_lost(), lost);
        assert_eq!(pool.stats().total, 1);
    });
}

#[test]
fn the_grace_holds_for_calls_on_servers_that_left() {
    story(async {
        let set = set().await;
        set.remove().await;
        set.client.close(SOON);
        // All that is left is the socket of that call.
        set.primary.until(|log| log.open_connections() == 0, SOON).await;
        set.gate.open();
        soon(set.call).await.unwrap().expect("within the grace");
        soon(set.client.leave()).await;
    });
}
