//! Waits that a call spends neither for a server nor for a socket: for the supervisor.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::Addr;
use actix::dev::channel::{AddressReceiver, channel};
use actix_mongo::actors::supervisor::Supervisor;
use actix_mongo::dispatch::{Core, Handle, OpenCursors, Scope, Shared, execute};
use actix_mongo::{Error, Kind};
use bson::doc;
use test_support::{Rule, ScriptedServer};

use crate::support::{Client, Command, command, connect, find, soon, story};

const SHORT: Duration = Duration::from_millis(50);

/// The same client, but that its supervisor never answers as long as the mailbox is there.
fn unanswered(client: &Client) -> (Handle, AddressReceiver<Supervisor>) {
    let (sender, mailbox) = channel(1);
    let core = client.core();
    let core = Core {
        snapshots: core.snapshots.clone(),
        supervisor: Addr::new(sender),
        alarms: core.alarms.clone(),
        open_cursors: OpenCursors::default(),
        cursors: core.cursors.clone(),
        sessions: core.sessions.clone(),
        clock: core.clock.clone(),
        history: core.history.clone(),
        options: core.options.clone(),
        check_asked: core.check_asked.clone(),
        closing: AtomicBool::new(false),
        greeting: core.greeting.clone(),
        listeners: core.listeners.clone(),
        default_database: core.default_database.clone(),
        seeds: core.seeds.clone(),
    };
    let shared = Shared { core: Arc::new(core), drain: client.handle.shared().drain.clone() };
    (Handle::new(Arc::new(shared), Scope::default()), mailbox)
}

/// The error of a command whose socket breaks, and whose supervisor does not answer.
async fn broken(command: Command, selection: Duration) -> Error {
    let server = ScriptedServer::start_primary("rs");
    let client = connect(&[&server], |options| options.dispatch.server_selection_timeout = selection);
    client.ping().await;
    server.rule(Rule::any().when(|it| !it.is_hello()).close());
    let (handle, _mailbox) = unanswered(&client);
    let timeout = command.timeout;
    soon(execute(handle, command, timeout)).await.unwrap_err()
}

#[test]
fn a_repeat_waits_for_the_supervisor_until_its_deadline() {
    story(async {
        let error = broken(find().within(SHORT), crate::support::SOON).await;
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
        let cause = error.source().unwrap().downcast_ref::<Error>().unwrap();
        assert!(cause.is_network(), "{cause:?}");
    });
}

#[test]
fn without_one_it_waits_as_long_as_for_a_server() {
    story(async {
        let error = broken(find(), SHORT * 4).await;
        assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
    });
}

#[test]
fn what_is_not_repeated_ends_by_its_own_error() {
    story(async {
        let error = broken(command(doc! { "ping": 1 }).within(SHORT), crate::support::SOON).await;
        assert!(error.is_network(), "{error:?}");
    });
}

#[test]
fn a_disconnect_waits_no_longer_than_its_limit() {
    story(async {
        let server = ScriptedServer::start_primary("rs");
        let client = connect(&[&server], |_| {});
        client.ping().await;
        let (handle, _mailbox) = unanswered(&client);
        let error = soon(handle.core().disconnect(Some(SHORT))).await.expect_err("nobody closes anything");
        assert_eq!((error.kind(), error.is_timeout(), error.may_have_run()), (Kind::Timeout, true, false));
    });
}
