//! Each example as its user runs it: a process, a server, what it prints and how it ends.
//!
//! `cargo build --all-features --examples` builds the programs, as does `cargo test` without
//! names.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod copy_database;
mod quickstart;
mod support;
