//! How many requests are under way, and who may join them. On the gateway's thread only.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Error, Kind, Result};

/// What a gateway has to do at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Requests under way.
    pub requests: usize,
    /// Bytes of their filters, documents and commands.
    pub bytes: usize,
    /// Requests that were refused so far because there was no room.
    pub refused: u64,
}

/// The room for requests under way.
#[derive(Debug)]
pub struct Room {
    max_requests: usize,
    max_bytes: usize,
    load: Cell<Load>,
}

/// A place in the room, given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    room: Rc<Room>,
    bytes: usize,
}

impl Room {
    /// An empty one.
    pub fn new(max_requests: usize, max_bytes: usize) -> Self {
        Self { max_requests, max_bytes, load: Cell::default() }
    }

    /// What is in it.
    pub fn load(&self) -> Load {
        self.load.get()
    }

    /// A place for a request of this size. [`Kind::Busy`] if there is none now,
    /// [`Kind::TooLarge`] if there never will be.
    pub fn enter(self: &Rc<Self>, bytes: usize) -> Result<Permit> {
        let load = self.load.get();
        let together = load.bytes.saturating_add(bytes);
        if load.requests >= self.max_requests || together > self.max_bytes {
            self.load.set(Load { refused: load.refused + 1, ..load });
            return Err(self.refusal(load, bytes));
        }
        self.load.set(Load { requests: load.requests + 1, bytes: together, ..load });
        Ok(Permit { room: self.clone(), bytes })
    }

    fn refusal(&self, load: Load, bytes: usize) -> Error {
        let Self { max_requests, max_bytes, .. } = self;
        if bytes > *max_bytes {
            let sentence = format!("the message has {bytes} bytes, the gateway takes at most {max_bytes}");
            return Error::new(Kind::TooLarge, sentence);
        }
        let Load { requests, bytes, .. } = load;
        let sentence = format!(
            "the gateway has {requests} requests of {bytes} bytes under way, and may have \
             {max_requests} requests and {max_bytes} bytes"
        );
        Error::new(Kind::Busy, sentence)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let load = self.room.load.get();
        let (requests, bytes) = (load.requests - 1, load.bytes - self.bytes);
        self.room.load.set(Load { requests, bytes, ..load });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(result: Result<Permit>) -> Kind {
        result.unwrap_err().kind()
    }

    #[test]
    fn it_is_bounded_in_requests() {
        let room = Rc::new(Room::new(2, 100));
        let first = room.enter(1).unwrap();
        let _second = room.enter(1).unwrap();
        assert_eq!(kind(room.enter(1)), Kind::Busy);
        assert_eq!(room.load(), Load { requests: 2, bytes: 2, refused: 1 });
        drop(first);
        room.enter(1).unwrap();
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let room = Rc::new(Room::new(10, 100));
        let all = room.enter(100).unwrap();
        assert_eq!(kind(room.enter(1)), Kind::Busy);
        drop(all);
        assert_eq!(room.load(), Load { requests: 0, bytes: 0, refused: 1 });
        assert_eq!(kind(room.enter(101)), Kind::TooLarge);
        assert_eq!(kind(room.enter(usize::MAX)), Kind::TooLarge);
        room.enter(100).unwrap();
    }
}
