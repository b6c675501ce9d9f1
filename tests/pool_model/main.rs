//! The pool's logic, stepped through every interleaving of small sizes.
//!
//! [`explorer`] lets callers, sockets, supervisor and timer do in every order what each
//! may do; after each step [`ledger`] judges the pool's answer and [`world`] looks for
//! what was left undone. `ACTIX_MONGO_LONG=1` adds larger sizes. [`threads`] runs the
//! locked pool with real entries from many threads.

mod explorer;
mod faults;
mod ledger;
mod scenarios;
mod small;
mod step;
mod subject;
mod threads;
mod world;
