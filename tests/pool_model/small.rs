//! What the model puts into the pool's logic in place of requests, sockets and errors:
//! values that can be copied and compared, so that whole states can be.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use actix_mongo::pool::Purpose;
use actix_mongo::pool::logic::Waiting;

/// A small entry. Its name is its bit in the set of abandoned ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Small {
    pub name: u8,
    pub bytes: usize,
    pub exclusive: bool,
    pub purpose: Option<Purpose>,
    pub deadline: Option<u8>,
    /// Served also while the pool closes.
    pub last: bool,
}

impl Small {
    pub const PLAIN: Self =
        Self { name: 0, bytes: 1, exclusive: false, purpose: None, deadline: None, last: false };

    pub const fn exclusive() -> Self {
        Self { exclusive: true, ..Self::PLAIN }
    }

    pub const fn lease(purpose: Purpose) -> Self {
        Self { bytes: 0, exclusive: true, purpose: Some(purpose), ..Self::PLAIN }
    }

    pub const fn last() -> Self {
        Self { last: true, ..Self::PLAIN }
    }

    pub const fn until(self, tick: u8) -> Self {
        Self { deadline: Some(tick), ..self }
    }

    pub const fn of_bytes(bytes: usize) -> Self {
        Self { bytes, ..Self::PLAIN }
    }

    pub fn bit(self) -> u8 {
        1 << self.name
    }
}

impl Waiting for Small {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn wait_deadline(&self) -> Option<Instant> {
        self.deadline.map(at)
    }

    fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    fn is_abandoned(&self) -> bool {
        GONE.get() & self.bit() != 0
    }

    fn is_last(&self) -> bool {
        self.last
    }
}

thread_local! {
    /// Whose callers are gone, in the world that is being stepped. A copied entry can't
    /// share a cell with its caller, or the copies of a world would share it too.
    static GONE: Cell<u8> = const { Cell::new(0) };
}

/// From here on these entries are abandoned, and no others.
pub fn set_gone(names: u8) {
    GONE.set(names);
}

/// The model's clock: whole ticks.
pub fn at(tick: u8) -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + Duration::from_secs(u64::from(tick))
}

/// The tick of a time that the pool gave back.
pub fn tick(time: Instant) -> u8 {
    time.duration_since(at(0)).as_secs() as u8
}
