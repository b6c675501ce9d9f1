//! One file per command.

pub mod bench;
pub mod demo;
pub mod fuzz;
pub mod lint;
pub mod server;
pub mod spec;
pub mod test;
