//! The handle that users hold, how it is made, and what it shows.

mod launch;
mod options;

pub use launch::{Launched, launch};
pub use options::ConnectionOptions;
