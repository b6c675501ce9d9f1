//! Whom a connection trusts, and who trusts it.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod auth;
mod tls;
