//! Panics on request, for the tests: every actor takes [`Provoke`], and panics at it in its
//! handler. Nothing of this is there without the feature `unstable-internals`.
//!
//! Actors enter themselves in one list of the whole process as they start. It keeps none of
//! them alive.

use std::sync::{Mutex, PoisonError};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, WeakRecipient};

/// Panic.
#[derive(Clone, Copy, Debug)]
pub struct Provoke;

impl actix::Message for Provoke {
    type Result = ();
}

/// The name of an actor's type, and one of that type.
type Started = (&'static str, WeakRecipient<Provoke>);

static STARTED: Mutex<Vec<Started>> = Mutex::new(Vec::new());

/// Enters an actor. Those that are gone are struck out.
pub fn enter<A>(actor: &Addr<A>)
where
    A: Actor + Handler<Provoke>,
    A::Context: ToEnvelope<A, Provoke>,
{
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.retain(|(_, actor)| actor.upgrade().is_some_and(|actor| actor.connected()));
    started.push((std::any::type_name::<A>(), actor.downgrade().recipient()));
}

/// Has every actor of this type in the process panic; how many there are.
pub fn provoke<A>() -> usize {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let of_that_type = started.iter().filter(|(name, _)| *name == std::any::type_name::<A>());
    let living = of_that_type.filter_map(|(_, actor)| actor.upgrade()).filter(|actor| actor.connected());
    living.map(|actor| actor.do_send(Provoke)).count()
}

/// Has an actor take [`Provoke`].
macro_rules! can_be_provoked {
    ($actor:ident) => {
        impl actix::Handler<$crate::actors::provoke::Provoke> for $actor {
            type Result = ();

            fn handle(&mut self, _msg: $crate::actors::provoke::Provoke, _ctx: &mut Self::Context) {
                panic!(concat!("the actor ", stringify!($actor), " panics, as a test wants it"));
            }
        }
    };
}

pub(crate) use can_be_provoked;
