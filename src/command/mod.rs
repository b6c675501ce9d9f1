//! What commands are made of, and what their replies say: names, handshakes, concerns,
//! errors, cursors. Plain structs over [`wire`](crate::wire); nothing here sends anything.

pub mod client_metadata;
pub mod codec;
pub mod concern;
pub mod cursor_reply;
pub mod hello;
pub mod name;
pub mod reply;
pub mod retryability;
pub mod surroundings;

pub use client_metadata::ClientMetadata;
pub use concern::{Acknowledgment, ReadConcern, WriteConcern};
pub use cursor_reply::CursorReply;
pub use hello::{Await, Handshake, ServerApi};
pub use surroundings::Surroundings;
