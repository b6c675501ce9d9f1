//! What makes an actor one that a connection can't do without. Held by the supervisor, the
//! timer and the cursor manager, from their start on.

use actix::{Message, Recipient, System};

/// Ends the control thread, and with it the connection, when it is dropped: an actor that
/// panicked would else leave behind callers that nobody wakes, and threads that nobody ends.
#[derive(Debug, Default)]
pub struct Vital(Option<System>);

impl Vital {
    /// For an actor that starts on the control thread. The default is that of one that has
    /// not started, and means nothing.
    pub fn here() -> Self {
        Self(System::try_current())
    }

    /// Its end is an orderly one, and other connections live on the same threads.
    pub fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if let Some(system) = self.0.take() {
            system.stop();
        }
    }
}

/// The connection has ended, and others live on the same threads: the actor stops.
#[derive(Debug)]
pub struct Dismissed;

impl Message for Dismissed {
    type Result = ();
}

/// Dropped after the end of a connection: these actors, which nobody else stops, end as well.
#[derive(Debug)]
pub struct Dismissal(pub [Recipient<Dismissed>; 2]);

impl Drop for Dismissal {
    fn drop(&mut self) {
        self.0.iter().for_each(|actor| actor.do_send(Dismissed));
    }
}
