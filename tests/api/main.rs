//! The public interface against the real server. `ACTIX_MONGO_TEST_URI` names one that
//! runs already, else one is started. Each test has a database of its own, and drops it;
//! tests that count on the server, or make it fail, have a server of their own. What calls
//! send is looked at on a scripted server ([`stage`]).

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

mod admin;
mod admin_scene;
mod admin_sent;
mod bulk_write;
mod bulk_write_prose;
mod bulk_write_sessions;
#[cfg(all(feature = "snappy", feature = "zlib", feature = "zstd"))]
mod compression;
mod crud;
mod cursor_kinds;
mod cursor_streams;
mod cursor_timeouts;
mod cursors;
mod errors;
mod gateway;
mod gateway_blocked;
mod gateway_verbs;
mod handles;
mod indexes_sent;
mod insert_many;
mod logs;
mod options;
mod prose_causal_consistency;
mod prose_crud;
mod prose_handshake;
mod prose_indexes;
mod prose_pool_cleared;
mod prose_retryable_reads;
mod prose_retryable_writes;
mod prose_scene;
mod prose_sessions;
mod prose_stable_api;
mod sent;
mod sessions;
mod stage;
mod streams_applications;
mod streams_documents;
mod streams_events;
mod streams_own;
mod support;
mod timeouts;
mod verbs;
