//! The program as it is run, its children with it.

mod client;
mod footprint;
mod instructions;
mod server;
mod support;
