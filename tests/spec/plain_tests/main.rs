//! What the runner decides by itself, tested without a server: the runner
//! has no test harness, so these are a target of their own.

#[path = "../unified/plain/mod.rs"]
#[allow(dead_code, reason = "the runner uses what these tests do not")]
mod plain;
#[path = "../tally.rs"]
#[allow(dead_code, reason = "the runner uses what these tests do not")]
mod tally;

mod matching;
mod operators;
mod requirements;
mod schema;
mod sorts;
mod transactional_write;
