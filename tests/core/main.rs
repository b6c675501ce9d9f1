//! The running actors against a scripted server: each file is one part of what the
//! client promises, each test one story of it.
//!
//! No story sleeps. It waits for what the server saw or the client published, and
//! everything has a deadline ([`support::story`]).

#![allow(clippy::unwrap_used, reason = "a story that can't go on fails")]

mod balanced;
mod balanced_cursors;
mod chaos;
mod commands;
#[cfg(all(feature = "snappy", feature = "zlib", feature = "zstd"))]
mod compression;
mod cursors;
mod disconnect;
mod dropped;
mod envelope;
mod establishing;
mod events;
mod growth;
mod happy_path;
mod idle;
mod leases;
mod monitor;
mod network;
#[cfg(all(feature = "snappy", feature = "zlib", feature = "zstd"))]
mod packed_replies;
mod panics;
mod pipeline;
mod protocol;
mod queue;
mod reencode;
mod removed;
mod retries;
mod runtimes;
mod sessions;
mod shutdown;
mod stuck;
mod support;
mod timeouts;
mod waits;
mod writes;
