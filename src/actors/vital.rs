//! What makes an actor one that a connection can't do without. Held by the supervisor, the
//! timer and the cursor manager, from their start on.

use actix::System;

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
