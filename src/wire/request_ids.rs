//! Numbers for requests.

use std::sync::atomic::{AtomicU32, Ordering};

/// Gives out positive numbers in turn; after the largest comes 1 again. A number need
/// only differ from those in flight on the same socket.
#[derive(Debug)]
pub struct RequestIds {
    next: AtomicU32,
}

impl RequestIds {
    /// A source that starts with 1.
    pub const fn new() -> Self {
        Self { next: AtomicU32::new(1) }
    }

    /// The next number.
    pub fn next(&self) -> i32 {
        loop {
            // Nothing else is published with the number, so no ordering is needed.
            let id = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX as u32;
            if id != 0 {
                return id as i32;
            }
        }
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_positive_when_they_wrap() {
        let ids = RequestIds { next: AtomicU32::new(i32::MAX as u32 - 1) };
        assert_eq!([ids.next(), ids.next(), ids.next(), ids.next()], [i32::MAX - 1, i32::MAX, 1, 2]);
        let ids = RequestIds { next: AtomicU32::new(u32::MAX) };
        assert_eq!([ids.next(), ids.next(), ids.next()], [i32::MAX, 1, 2]);
    }
}
