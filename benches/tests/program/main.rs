//! The program as it is run, its children with it.

mod client;
mod footprint;
mod server;
mod support;
