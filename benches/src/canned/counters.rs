//! What the server saw. Written by its one thread, read by the thread that answers `child`, and
//! on the other end of that pipe turned back into numbers.

use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

macro_rules! counters {
    ($($(#[$about:meta])* $name:ident),* $(,)?) => {
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$about])* pub $name: Counter,)* }

        /// The counters at one time, or the difference of two times.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Seen {
            $($(#[$about])* pub $name: u64,)*
            /// Processor time of the server
            pub cpu_nanos: u64,
        }

        impl Counters {
            pub fn read(&self, cpu_nanos: u64) -> Seen {
                Seen { $($name: self.$name.get(),)* cpu_nanos }
            }
        }

        impl Sub for Seen {
            type Output = Self;

            fn sub(self, earlier: Self) -> Self {
                Self {
                    $($name: self.$name - earlier.$name,)*
                    cpu_nanos: self.cpu_nanos - earlier.cpu_nanos,
                }
            }
        }
    };
}

counters! {
    /// Sockets accepted, those of monitors included
    accepted,
    /// `hello` and its old name
    hellos,
    /// `find`, `getMore`, `insert` and `ping`: what is measured
    operations,
    /// Those of them with an `lsid`
    with_session,
    /// Those of them with a `$clusterTime`
    with_cluster_time,
    /// Those of them with a `txnNumber`
    with_txn_number,
    /// The bytes of them
    operation_bytes,
    /// Commands that got an error for a reply
    unknown,
    /// Sockets closed because of what came in
    refused,
}

/// One writer, so a load and a store will do: no locked instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.store(self.get() + count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
