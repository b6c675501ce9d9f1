//! Listeners: who is told, who is not, and that nobody holds up anybody.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::topology::ServerAddress;

const SOON: Duration = Duration::from_secs(10);

fn closure(listener: impl Fn(Event) + Send + Sync + 'static) -> Listener {
    Listener { kinds: EventKinds::ALL, ear: Ear::Closure(Arc::new(listener)) }
}

/// The port stands for the event's number.
fn number(event: &Event) -> u16 {
    match event {
        Event::PoolReady(ready) => ready.address.port(),
        other => panic!("{other:?}"),
    }
}

fn emit(emitter: &Emitter, number: u16) {
    emitter.emit(|| PoolReady { address: ServerAddress::new("h", number) });
}

/// A listener that sends on what it is told.
fn collector() -> (Listener, Receiver<u16>) {
    let (sender, receiver) = channel();
    (
        closure(move |event| {
            let _ = sender.send(number(&event));
        }),
        receiver,
    )
}

#[test]
fn nothing_is_made_if_nobody_listens() {
    let emitter = listen(Vec::new(), 10, Logs::default()).unwrap();
    emitter.emit(|| -> PoolReady { panic!("nobody wants it") });
    assert!(!emitter.is_on(EventKinds::POOLS));
}

#[test]
fn all_listeners_are_told_in_order_and_to_the_last() {
    let ((first, told), (second, also_told)) = (collector(), collector());
    let emitter = listen(vec![first, second], 1000, Logs::default()).unwrap();
    let ending = emitter.ending();
    (0..100).for_each(|number| emit(&emitter, number));
    drop(ending);
    emit(&emitter, 100);
    // The thread drops the closures, and so ends these.
    let expected: Vec<u16> = (0..100).collect();
    assert_eq!(told.iter().collect::<Vec<_>>(), expected);
    assert_eq!(also_told.iter().collect::<Vec<_>>(), expected);
    assert_eq!(emitter.dropped(), 0);
}

#[test]
fn a_listener_gets_the_kinds_it_asked_for_and_the_others_are_not_made() {
    let (listener, told) = collector();
    let emitter =
        listen(vec![Listener { kinds: EventKinds::POOLS, ..listener }], 10, Logs::default()).unwrap();
    emitter.emit_all(EventKinds::TOPOLOGY, || panic!("nobody wants it"));
    assert!(emitter.is_on(EventKinds::POOLS) && !emitter.is_on(EventKinds::COMMANDS));
    emit(&emitter, 1);
    drop(emitter);
    assert_eq!(told.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn after_a_flush_all_was_told() {
    let (listener, told) = collector();
    let emitter = listen(vec![listener], 1000, Logs::default()).unwrap();
    (0..500).for_each(|number| emit(&emitter, number));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(emitter.flush());
    assert_eq!(told.try_iter().count(), 500);
    // And also once nothing is told any more.
    drop(emitter.ending());
    runtime.block_on(emitter.flush());
}

#[test]
fn a_listener_that_is_stuck_loses_the_oldest() {
    let (sender, told) = channel();
    let (go_on, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let stuck = closure(move |event| {
        sender.send(number(&event)).unwrap();
        let _ = gate.lock().unwrap().recv();
    });
    let emitter = listen(vec![stuck], 3, Logs::default()).unwrap();
    emit(&emitter, 0);
    assert_eq!(told.recv_timeout(SOON), Ok(0), "it is stuck with this one");
    (1..=10).for_each(|number| emit(&emitter, number));
    assert_eq!(emitter.dropped(), 7);
    drop(go_on);
    drop(emitter);
    assert_eq!(told.iter().collect::<Vec<_>>(), [8, 9, 10]);
}

#[test]
fn a_listener_that_is_stuck_holds_up_no_other() {
    let (stuck_with, is_stuck) = channel();
    let (go_on, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let stuck = closure(move |event| {
        let _ = stuck_with.send(number(&event));
        let _ = gate.lock().unwrap().recv();
    });
    let ((before, told), (behind, also_told)) = (collector(), collector());
    let system = actix::System::new();
    system.block_on(async {
        let (sender, mut actor_told) = tokio::sync::mpsc::unbounded_channel();
        let actor = actix::Actor::start(Collector(sender));
        let actor = Listener { kinds: EventKinds::ALL, ear: Ear::Recipient(actor.recipient()) };
        let emitter = listen(vec![before, stuck, behind, actor], 100, Logs::default()).unwrap();
        emit(&emitter, 0);
        assert_eq!(is_stuck.recv_timeout(SOON), Ok(0), "and so it stays");
        (1..50).for_each(|number| emit(&emitter, number));
        for expected in 0..50 {
            assert_eq!(told.recv_timeout(SOON), Ok(expected));
            assert_eq!(also_told.recv_timeout(SOON), Ok(expected));
            assert_eq!(tokio::time::timeout(SOON, actor_told.recv()).await.unwrap(), Some(expected));
        }
        assert_eq!(emitter.dropped(), 0);
    });
    assert!(is_stuck.try_recv().is_err(), "it was stuck all the time");
    drop(go_on);
    assert_eq!(is_stuck.iter().collect::<Vec<_>>(), (1..50).collect::<Vec<_>>());
}

#[test]
fn a_listener_that_panics_gets_the_next_event() {
    let (other, told) = collector();
    let (sender, went_on) = channel();
    let panics = closure(move |event| {
        assert_ne!(number(&event), 1, "on purpose");
        sender.send(number(&event)).unwrap();
    });
    let emitter = listen(vec![panics, other], 10, Logs::default()).unwrap();
    (0..3).for_each(|number| emit(&emitter, number));
    drop(emitter);
    assert_eq!(went_on.iter().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(told.iter().collect::<Vec<_>>(), [0, 1, 2]);
}

struct Collector(tokio::sync::mpsc::UnboundedSender<u16>);

impl actix::Actor for Collector {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(2);
    }
}

impl actix::Handler<Event> for Collector {
    type Result = ();

    fn handle(&mut self, event: Event, ctx: &mut Self::Context) {
        let number = number(&event);
        let _ = self.0.send(number);
        if number == 99 {
            actix::ActorContext::stop(ctx);
        }
    }
}

#[test]
fn an_actor_is_told_without_a_flood_in_its_mailbox_and_forgotten_once_it_stops() {
    let system = actix::System::new();
    system.block_on(async {
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let actor = actix::Actor::start(Collector(sender));
        let emitter = listen(
            vec![Listener { kinds: EventKinds::ALL, ear: Ear::Recipient(actor.clone().recipient()) }],
            1000,
            Logs::default(),
        )
        .unwrap();
        (0..100).for_each(|number| emit(&emitter, number));
        for expected in 0..100 {
            assert_eq!(tokio::time::timeout(SOON, told.recv()).await.unwrap(), Some(expected));
        }
        // Asked here: what follows can outrun the delivery, and nobody is there to miss it.
        assert_eq!(emitter.dropped(), 0);
        let ended = tokio::time::timeout(SOON, async {
            while emitter.is_on(EventKinds::POOLS) {
                emit(&emitter, 100);
                tokio::task::yield_now().await;
            }
        });
        ended.await.expect("an actor that stopped listens no more");
    });
}

/// An actor that does nothing.
struct Deaf;

impl actix::Actor for Deaf {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Event> for Deaf {
    type Result = ();

    fn handle(&mut self, _: Event, _: &mut Self::Context) {}
}

#[test]
fn who_subscribes_costs_something_until_he_leaves() {
    actix::System::new().block_on(async {
        let emitter = listen(Vec::new(), 10, Logs::default()).unwrap();
        let actor = || actix::Actor::start(Deaf).recipient();
        let subscribe = |kinds| emitter.subscribe(kinds, actor(), 10).unwrap();
        let (pools, commands) = (subscribe(EventKinds::POOLS), subscribe(EventKinds::COMMANDS));
        assert!(emitter.is_on(EventKinds::POOLS) && emitter.is_on(EventKinds::COMMANDS));
        drop(pools);
        assert!(!emitter.is_on(EventKinds::POOLS) && emitter.is_on(EventKinds::COMMANDS));
        commands.unwrap().detach();
        assert!(emitter.is_on(EventKinds::COMMANDS));
        drop(emitter.ending());
        assert!(subscribe(EventKinds::POOLS).is_none());
        assert!(!emitter.is_on(EventKinds::POOLS), "nothing is left of it");
    });
}
