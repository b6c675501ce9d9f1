//! Ways to connect that PyMongo's `Connection` had already given up.

use super::Connection;
use super::target::{IntoTarget, Target};
use crate::collection::Running;

impl Connection {
    /// Connects by a connection string, as [`connect`](Self::connect) does.
    ///
    /// Fails as that one does, and with [`Kind::InvalidUri`](crate::Kind::InvalidUri) for a host
    /// name alone.
    #[deprecated(since = "0.1.0", note = "pass the connection string to `Connection::connect`")]
    pub fn from_uri(uri: impl AsRef<str>) -> Running<Self> {
        match Self::builder().uri(uri) {
            Ok(builder) => builder.connect(),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Connects to a deployment by two of its members. `None` is `localhost:27017`.
    ///
    /// Fails as [`connect`](Self::connect) does.
    #[deprecated(since = "0.1.0", note = "pass a list of hosts to `Connection::connect`")]
    pub fn paired(left: impl IntoTarget, right: Option<Target>) -> Running<Self> {
        Self::connect(Target::new(left).and(right.unwrap_or_default()))
    }
}
