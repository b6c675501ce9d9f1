//! What the timer can be told.

/// An alarm was set that is due before the timer wakes by itself.
#[derive(Debug)]
pub struct Sooner;

impl actix::Message for Sooner {
    type Result = ();
}
