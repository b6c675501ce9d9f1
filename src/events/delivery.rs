//! From the backlogs to the listeners, on threads that do nothing else: one for each closure, so
//! that one that blocks or panics does so to nobody else, and one for all actors, where nothing
//! of the listeners' own runs. Actors may come later, too.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, thread};

use actix::Recipient;
use actix::prelude::SendError;
use tokio::runtime;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::Event;
use super::backlog::{Backlog, Counts, Item};
use super::emitter::Emitter;
use super::kinds::EventKinds;
use super::log::Logs;

/// How long an actor may have no room for an event before that one is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who is told of events, and of which.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Which.
    pub kinds: EventKinds,
    /// Who.
    pub ear: Ear,
}

/// Who is told.
#[derive(Clone)]
pub enum Ear {
    /// A closure, called on a thread that it has to itself.
    Closure(Arc<dyn Fn(Event) + Send + Sync>),
    /// An actor.
    Recipient(Recipient<Event>),
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closure(_) => "Closure",
            Self::Recipient(_) => "Recipient",
        })
    }
}

/// An emitter to these listeners, each with a backlog of this many events, and to the logs. The
/// threads end with the last emitter, or its [`Ending`](super::Ending). Without listeners there
/// are none.
pub fn listen(listeners: Vec<Listener>, backlog: usize, logs: Logs) -> io::Result<Emitter> {
    let counts = Arc::<Counts>::default();
    let kinds = listeners.iter().map(|listener| listener.kinds);
    let backlogs: Vec<_> =
        kinds.map(|kinds| Arc::new(Backlog::new(kinds, backlog, counts.clone()))).collect();
    let emitter = Emitter::new(counts, backlogs.clone(), logs);
    for (backlog, listener) in backlogs.into_iter().zip(listeners) {
        match listener.ear {
            Ear::Closure(_) => start(backlog, listener.ear)?,
            Ear::Recipient(actor) => _ = emitter.tell_actor(backlog, actor)?,
        }
    }
    Ok(emitter)
}

/// The thread that tells all actors. It is there from the first one on, and ends once this is
/// dropped and all of them were told the last.
#[derive(Debug)]
pub struct ActorThread(UnboundedSender<(Arc<Backlog>, Recipient<Event>)>);

impl ActorThread {
    /// Starts it.
    pub fn start() -> io::Result<Self> {
        let (sender, actors) = mpsc::unbounded_channel();
        on_a_thread(tell_actors(actors))?;
        Ok(Self(sender))
    }

    /// Has it tell one more.
    pub fn tell(&self, backlog: Arc<Backlog>, actor: Recipient<Event>) {
        // It lives as long as this does.
        let _ = self.0.send((backlog, actor));
    }
}

async fn tell_actors(mut actors: UnboundedReceiver<(Arc<Backlog>, Recipient<Event>)>) {
    let mut told = Vec::new();
    while let Some((backlog, actor)) = actors.recv().await {
        told.retain(|task: &tokio::task::JoinHandle<()>| !task.is_finished());
        told.push(tokio::spawn(deliver(backlog, Ear::Recipient(actor))));
    }
    for task in told {
        // It has nothing to fail by.
        let _ = task.await;
    }
}

/// A thread that tells this one, until it has nobody left to tell. What a listener panics with is
/// caught.
fn start(backlog: Arc<Backlog>, ear: Ear) -> io::Result<()> {
    on_a_thread(deliver(backlog, ear))
}

fn on_a_thread(work: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
    thread::Builder::new().name("actix-mongo-events".to_owned()).spawn(move || runtime.block_on(work))?;
    Ok(())
}

/// Until the end, or until the listener is gone.
async fn deliver(backlog: Arc<Backlog>, ear: Ear) {
    let mut some = VecDeque::new();
    'listens: while backlog.next(&mut some).await {
        for item in some.drain(..) {
            let Item::Event(event) = item else { continue };
            let listens = match &ear {
                Ear::Closure(closure) => call(closure, event),
                Ear::Recipient(recipient) => send(recipient, event, &backlog).await,
            };
            if !listens {
                break 'listens;
            }
        }
        // The other actors have their turn.
        tokio::task::yield_now().await;
    }
    backlog.leave();
}

/// A closure that panics has lost this event, and gets the next.
fn call(closure: &Arc<dyn Fn(Event) + Send + Sync>, event: Event) -> bool {
    if catch_unwind(AssertUnwindSafe(|| closure(event))).is_err() {
        tracing::error!(target: "actix_mongo::events", "a listener for events panicked");
    }
    true
}

/// Waits for room in the actor's mailbox, so that nothing piles up there either. False if
/// the actor is gone, or takes nothing though all is over.
async fn send(recipient: &Recipient<Event>, event: Event, backlog: &Backlog) -> bool {
    match recipient.try_send(event) {
        Ok(()) => true,
        Err(SendError::Closed(_)) => false,
        Err(SendError::Full(event)) => match tokio::time::timeout(PATIENCE, recipient.send(event)).await {
            Ok(taken) => taken.is_ok(),
            Err(_) => {
                backlog.lost_one();
                !backlog.has_ended()
            }
        },
    }
}
