//! Trust: who a server is, who the user is, and what either does to whoever is not.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod auth;
