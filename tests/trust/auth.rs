//! Authentication: against the real server, and against scripted ones that play what it does
//! not: PLAIN, speculative authentication, old servers and bad ones.

mod bent;
mod captured;
mod certificate;
mod choice;
mod leaks;
mod real;
mod scram_server;
mod support;
