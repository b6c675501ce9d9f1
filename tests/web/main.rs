//! Applications of actix-web, with what the feature of that name has for them: over HTTP, on
//! real servers, and on scripted ones where a server must do as it is told.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod data;
mod ending;
mod errors;
mod health;
mod health_scripted;
mod host;
mod http;
mod logs;
mod workers;
