//! What commands are made of, and what their replies say: names, handshakes, concerns,
//! errors, cursors. Plain structs over [`wire`](crate::wire); nothing here sends anything.

pub mod client_metadata;
pub mod codec;
pub mod concern;
pub mod cursor_reply;
pub mod driver_info;
pub mod hello;
pub mod name;
pub mod reply;
pub mod retryability;
pub mod server_api;
pub mod surroundings;

pub use client_metadata::ClientMetadata;
pub use concern::{Acknowledgment, ReadConcern, WriteConcern};
pub use cursor_reply::CursorReply;
pub use driver_info::DriverInfo;
pub use hello::{Await, Handshake};
pub use server_api::{ServerApi, ServerApiVersion};
pub use surroundings::Surroundings;
