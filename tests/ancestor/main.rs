//! Everything that the ancestor's connection could do, one file for each topic of its
//! reference page, against the real server. `ACTIX_MONGO_TEST_URI` names one that runs
//! already, else one is started; what kills, freezes or fails a server has one of its own.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod constructor_options;
mod constructors;
mod copying;
mod copying_ends;
mod copying_hosts;
mod copying_large;
mod copying_scene;
mod copying_sent;
mod cursor_ids;
mod cursor_managers;
mod databases;
#[cfg(all(feature = "chrono", feature = "jiff"))]
mod dates;
mod disconnect;
mod document_class;
mod healing;
mod master_slave;
mod names;
mod properties;
mod requests;
mod requests_broken;
mod requests_ended;
mod requests_in_line;
mod requests_scene;
#[allow(dead_code, reason = "shared with another program, which uses more of it")]
#[path = "../api/support.rs"]
mod support;
