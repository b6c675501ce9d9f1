//! What goes wrong, each as a test, through the public interface alone: a typed error at
//! its time, no hang, no socket and no thread lost. Everything runs with one request in
//! flight on a socket, and again with sixteen.
//!
//! The tests take turns ([`support::Story`]): deadlines are held to 50 ms, and threads and
//! sockets of this process are counted. What a busy machine makes late is told apart from
//! what the library does ([`support::judge`]).

#![allow(clippy::unwrap_used, reason = "a story that can't go on fails")]

/// Makes tests of functions that take the pipeline depth: one of each at depth 1, one at 16.
macro_rules! at_both_depths {
    ($($story:ident),+ $(,)?) => {
        mod depth_1 { $(#[test] fn $story() { crate::support::tell(|| super::$story(1)); })+ }
        mod depth_16 { $(#[test] fn $story() { crate::support::tell(|| super::$story(16)); })+ }
    };
}

mod connecting;
mod deadlines;
mod drop_storm;
mod dropped;
mod dropped_connect;
mod idle;
mod inputs;
mod many_callers;
mod panics;
mod primary;
#[cfg(feature = "unstable-internals")]
mod provoked;
mod queue;
mod real;
mod replies;
mod slow_one;
mod support;
mod tight_buffers;
