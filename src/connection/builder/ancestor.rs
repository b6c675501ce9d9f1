//! Options by the names that they have in PyMongo's `Connection`, where those differ from the
//! specifications' own.

use std::time::Duration;

use super::Builder;
use crate::topology::{ReadMode, ReadPreference};

impl<D> Builder<D> {
    /// The time that each call may take as a whole: another name for
    /// [`timeout`](Self::timeout), so of these two the later call wins. Default none; zero is
    /// none. PyMongo's option of this name limited each use of a socket; here it covers the waits
    /// before it and a second attempt, too.
    pub fn network_timeout(self, timeout: Duration) -> Self {
        self.timeout(timeout)
    }

    /// Whether reads may go to secondaries: `true` is the read preference `secondaryPreferred`,
    /// `false` is `primary`, the default. Sets the same as
    /// [`read_preference`](Self::read_preference), so of these two the later call wins. On a
    /// [direct connection](Self::direct_connection) reads work on any member, whatever this says.
    pub fn slave_okay(self, okay: bool) -> Self {
        let mode = if okay { ReadMode::SecondaryPreferred } else { ReadMode::Primary };
        self.read_preference(ReadPreference::new(mode))
    }

    /// Most sockets to one server.
    #[deprecated(since = "0.1.0", note = "use `max_pool_size`")]
    pub fn pool_size(self, sockets: u32) -> Self {
        self.max_pool_size(sockets)
    }

    /// Has no effect but a warning through `tracing`: calls share sockets unless a request is
    /// started for them.
    #[deprecated(
        since = "0.1.0",
        note = "has no effect; use `Connection::start_request` where order matters"
    )]
    pub fn auto_start_request(self, start: bool) -> Self {
        tracing::warn!(
            target: "actix_mongo::connection",
            "auto_start_request({start}) has no effect; start a request where calls must share a socket"
        );
        self
    }

    /// How long a call waits for a socket: PyMongo's `timeout`. The name `timeout` is that of
    /// the limit for [whole calls](Self::timeout) here.
    #[deprecated(since = "0.1.0", note = "use `wait_queue_timeout`")]
    pub fn pool_timeout(self, timeout: Duration) -> Self {
        self.wait_queue_timeout(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(builder: &Builder) -> String {
        format!("{:?}", builder.options().unwrap())
    }

    #[test]
    #[allow(deprecated, reason = "they are what is tested")]
    fn old_names_set_what_new_ones_do() {
        const TIME: Duration = Duration::from_millis(77);
        type Method = fn(Builder) -> Builder;
        let pairs: [(Method, Method); 5] = [
            (|old| old.pool_size(7), |new| new.max_pool_size(7)),
            (|old| old.pool_timeout(TIME), |new| new.wait_queue_timeout(TIME)),
            (|old| old.network_timeout(TIME), |new| new.timeout(TIME)),
            (
                |old| old.slave_okay(true),
                |new| new.read_preference(ReadPreference::new(ReadMode::SecondaryPreferred)),
            ),
            (
                |old| old.slave_okay(true).slave_okay(false),
                |new| new.read_preference(ReadPreference::new(ReadMode::Primary)),
            ),
        ];
        for (old, new) in pairs {
            assert_eq!(shown(&old(Builder::default())), shown(&new(Builder::default())));
        }
        assert_ne!(shown(&Builder::default().pool_size(7)), shown(&Builder::default()));
        assert_eq!(shown(&Builder::default().auto_start_request(true)), shown(&Builder::default()));
        let later = Builder::default().network_timeout(TIME).timeout(2 * TIME).network_timeout(TIME);
        assert_eq!(shown(&later), shown(&Builder::default().timeout(TIME)));
    }
}
