//! Names: hosts, seed lists behind `mongodb+srv://`, and what name servers can do wrong. A
//! name server on the loopback answers as each test wants it; servers are scripted.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod connecting;
mod custom;
mod hostile;
mod poller;
mod polling_prose;
mod seed_list_prose;
mod seeding;
mod support;
mod unix;
