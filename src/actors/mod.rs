//! The actors, one folder each; what an actor can be asked is in its `messages.rs`.
//!
//! | Actor | Lives on | Is asked by | Tells |
//! |---|---|---|---|
//! | [`supervisor`] | control arbiter, one per connection | callers who must wait or met an error | everybody, through the published [`snapshot`] |
//! | [`monitor`] | control arbiter, one per server | the supervisor | the supervisor |
//! | [`socket`] | data arbiters, one per TCP connection | callers, leases, pools | callers; the supervisor; the cursor manager |
//! | [`srv_poller`] | control arbiter, one per `mongodb+srv://` connection | the supervisor | the supervisor |
//! | [`timer`] | control arbiter, one per connection | callers who wait | those it wakes |
//! | [`cursor_manager`] | control arbiter, one per connection | cursors, sockets, callers who name cursors, the last handle | servers, by ordinary requests; the supervisor, last of all |
//! | [`gateway`] | an arbiter that all gateways of the connection share, or one of the application's; on request | actors of the application's | whoever asked |

pub mod cursor_manager;
pub mod gateway;
pub mod monitor;
#[cfg(feature = "unstable-internals")]
pub mod provoke;
pub mod snapshot;
pub mod socket;
pub mod srv_poller;
pub mod supervisor;
pub mod timer;
pub mod vital;
