//! Events for actors that begin to listen while the connection is under way.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use actix::{Actor, Arbiter, Context, Handler, Recipient, System};
use actix_mongo::bson::doc;
use actix_mongo::events::{Event, EventKinds};
use actix_mongo::{Connection, Kind};
use test_support::{Hello, block_on, poll_until};

use crate::stage::Stage;
use crate::support::SOON;

/// Sends on what it hears, as long as it may.
struct Ear {
    told: Sender<Event>,
    may: Arc<(Mutex<bool>, Condvar)>,
}

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Event> for Ear {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        let (may, changed) = &*self.may;
        drop(changed.wait_while(may.lock().unwrap(), |may| !*may).unwrap());
        let _ = self.told.send(event);
    }
}

/// Such an actor on an arbiter of its own.
struct Listener {
    recipient: Recipient<Event>,
    told: Receiver<Event>,
    may: Arc<(Mutex<bool>, Condvar)>,
    arbiter: Arbiter,
    _system: actix::SystemRunner,
}

impl Listener {
    fn new(may: bool) -> Self {
        let system = System::new();
        let (arbiter, (sender, told)) = (Arbiter::new(), channel());
        let may = Arc::new((Mutex::new(may), Condvar::new()));
        let ear = Ear { told: sender, may: may.clone() };
        let recipient = Ear::start_in_arbiter(&arbiter.handle(), |_| ear).recipient();
        Self { recipient, told, may, arbiter, _system: system }
    }

    fn let_go(&self) {
        *self.may.0.lock().unwrap() = true;
        self.may.1.notify_all();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.let_go();
        self.arbiter.stop();
    }
}

fn ping(connection: &Connection) {
    let command = connection.database("d").unwrap().run_command(doc! { "ping": 1 });
    block_on(command.into_future()).unwrap();
}

/// Names of commands that started, of those that were told.
fn commands(listener: &Listener) -> Vec<String> {
    let started = |event| match event {
        Event::CommandStarted(started) => Some(started.command_name.to_string()),
        _ => None,
    };
    listener.told.try_iter().filter_map(started).collect()
}

#[test]
fn an_actor_hears_what_happens_while_it_listens() {
    let stage = Stage::new();
    let listener = Listener::new(true);
    ping(&stage.connection);
    let recipient = listener.recipient.clone();
    let subscription = stage.connection.subscribe(EventKinds::COMMANDS, recipient, 100).unwrap();
    assert!(subscription.is_active());
    ping(&stage.connection);
    let first = listener.told.recv_timeout(SOON).unwrap();
    assert!(matches!(first, Event::CommandStarted(_)), "{first:?}");
    let second = listener.told.recv_timeout(SOON).unwrap();
    assert!(matches!(second, Event::CommandSucceeded(_)), "{second:?}");
    drop(subscription);
    ping(&stage.connection);
    // Another one shows that the thread is past where this would have been told.
    let other = Listener::new(true);
    stage.connection.subscribe(EventKinds::COMMANDS, other.recipient.clone(), 100).unwrap().detach();
    ping(&stage.connection);
    block_on(stage.connection.flush_events(SOON)).unwrap();
    other.told.recv_timeout(SOON).unwrap();
    assert!(commands(&listener).is_empty());
}

#[test]
fn changes_of_the_deployment_are_told_to_who_comes_later() {
    let stage = Stage::new();
    let listener = Listener::new(true);
    let recipient = listener.recipient.clone();
    let _subscription = stage.connection.subscribe(EventKinds::TOPOLOGY, recipient, 1000).unwrap();
    stage.server.set_hello(Hello::secondary("rs"));
    let told = listener.told.iter().find(|event| match event {
        Event::ServerDescriptionChanged(change) => {
            change.previous_description.kind() != change.new_description.kind()
        }
        _ => false,
    });
    assert!(told.is_some());
}

#[test]
fn what_waits_for_a_slow_actor_is_bounded_and_the_oldest_goes() {
    const BOUND: usize = 8;
    let stage = Stage::new();
    let listener = Listener::new(false);
    let recipient = listener.recipient.clone();
    let subscription = stage.connection.subscribe(EventKinds::COMMANDS, recipient, BOUND).unwrap();
    for _ in 0..200 {
        ping(&stage.connection);
    }
    poll_until(SOON, "events to be lost", || subscription.dropped_events() > 0);
    assert!(stage.connection.dropped_events() >= subscription.dropped_events());
    listener.let_go();
    block_on(stage.connection.flush_events(SOON)).unwrap();
    let (mut heard, lost) = (0, subscription.dropped_events());
    assert!(lost >= 400 - 100, "a mailbox holds some as well, but not these: {lost}");
    while (heard as u64) < 400 - lost {
        listener.told.recv_timeout(SOON).unwrap();
        heard += 1;
    }
    assert!(heard < 100, "{heard} were kept");
}

#[test]
fn a_subscription_ends_with_its_actor_or_its_connection() {
    let stage = Stage::new();
    let listener = Listener::new(true);
    let recipient = listener.recipient.clone();
    let subscription = stage.connection.subscribe(EventKinds::COMMANDS, recipient.clone(), 10).unwrap();
    drop(listener);
    poll_until(SOON, "the actor to be gone", || {
        ping(&stage.connection);
        !subscription.is_active()
    });
    let listener = Listener::new(true);
    let recipient = listener.recipient.clone();
    let subscription = stage.connection.subscribe(EventKinds::ALL, recipient.clone(), 1000).unwrap();
    block_on(stage.connection.close(SOON));
    poll_until(SOON, "the end", || !subscription.is_active());
    let last = listener.told.iter().find(|event| matches!(event, Event::TopologyClosed(_)));
    assert!(last.is_some(), "it is told to the last");
    let error = stage.connection.subscribe(EventKinds::ALL, recipient, 10).unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
}
