//! The same handle from every host: each test is a program of another kind that works on
//! the real server. `ACTIX_MONGO_TEST_URI` names one that runs already, else one is started.
//! What needs a server that does as it is told has a scripted one.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod at_once;
mod blocked;
mod lent;
mod many;
mod runtimes;
mod support;
mod web;
