//! The handle that users hold, how it is made, and what it shows.

mod launch;
mod options;
pub mod uri;

pub use launch::{Launched, launch};
pub use options::ConnectionOptions;
