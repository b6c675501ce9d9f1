//! How much a gateway takes on at once, and where it runs.

use actix::ArbiterHandle;

/// The options of a [`Gateway`](crate::Gateway); see
/// [`Connection::start_actor_with`](crate::Connection::start_actor_with).
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    pub(super) max_requests: usize,
    pub(super) max_bytes: usize,
    pub(super) arbiter: Option<ArbiterHandle>,
}

impl GatewayOptions {
    /// How many requests may be under way. Default 1000. What is above is answered with
    /// [`Kind::Busy`](crate::Kind::Busy) at once.
    pub fn max_requests(mut self, requests: usize) -> Self {
        self.max_requests = requests;
        self
    }

    /// How many bytes the filters, documents and commands of all requests under way may have
    /// together. Default 64 MiB. What is above is answered with
    /// [`Kind::Busy`](crate::Kind::Busy) at once, and a message that is larger by itself with
    /// [`Kind::TooLarge`](crate::Kind::TooLarge). Options set by `with`, and replies, are not
    /// counted.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The arbiter it runs on, for instance the application's present one,
    /// `Arbiter::current()`. Default: one of the connection's own, which is started
    /// with the first such gateway, shared by all of them, and ended with the connection.
    ///
    /// Where it runs, options set by `with` are applied and replies are decoded. A closure
    /// that blocks holds up all gateways there, and nothing else of the connection; a cursor
    /// ([`Find`](crate::messages::Find)) is decoded by its reader.
    pub fn arbiter(mut self, arbiter: ArbiterHandle) -> Self {
        self.arbiter = Some(arbiter);
        self
    }
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self { max_requests: 1000, max_bytes: 64 << 20, arbiter: None }
    }
}
