//! Each example as its user runs it: a process, a server, what it prints and how it ends.
//!
//! `cargo build --all-features --examples` builds the programs, as does `cargo test` without
//! names.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

#[cfg(feature = "actix-web")]
mod actix_web_api;
mod cluster_events;
mod copy_database;
#[cfg(feature = "actix-web")]
mod http;
mod load_test;
mod message_passing;
mod quickstart;
mod reading;
mod replica_set;
mod replica_set_members;
mod support;
mod tokio_main;
mod your_tests;
