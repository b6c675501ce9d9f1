//! The scripted server, seen from a client of another codec's making.

mod faults;
mod hello;
mod ordinary;

use super::*;
use crate::wire::{CHECKSUM_PRESENT, EXHAUST_ALLOWED, MORE_TO_COME, Message};
use bson::{Bson, Document, doc};
use std::io::ErrorKind;
use std::time::Duration;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(10);

fn ping() -> Document {
    doc! { "ping": 1, "$db": "admin" }
}

fn lost(result: Result<Document, Lost>) -> ErrorKind {
    match result.expect_err("no reply was to come") {
        Lost::Io(error) => error.kind(),
        Lost::Malformed(what) => panic!("{what}"),
    }
}
