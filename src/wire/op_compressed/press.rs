//! The memory that compressing needs: the coders' states, which are large, and buffers. One
//! for each thread of a data arbiter, shared by its sockets, so that a socket at rest holds
//! none; and one of their own for callers who compress a large message.

use std::cell::RefCell;

#[cfg(not(feature = "snappy"))]
use super::absent as snappy;
#[cfg(not(feature = "zlib"))]
use super::absent as zlib;
#[cfg(not(feature = "zstd"))]
use super::absent as zstd;
use super::compressor::{Compressor, Packing};
#[cfg(feature = "snappy")]
use super::snappy;
#[cfg(feature = "zlib")]
use super::zlib;
#[cfg(feature = "zstd")]
use super::zstd;

/// The largest buffer that is kept, in bytes.
const LARGEST_KEPT: usize = 64 * 1024;
/// How many are.
const MOST_KEPT: usize = 16;

thread_local! {
    static OF_THREAD: RefCell<Press> = RefCell::default();
}

/// See the module.
#[derive(Debug, Default)]
pub struct Press {
    joined: Vec<u8>,
    spare: Vec<Vec<u8>>,
    snappy: snappy::Coder,
    zlib: zlib::Coder,
    zstd: zstd::Coder,
}

impl Press {
    /// Does some work with the one of this thread.
    pub fn of_thread<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        OF_THREAD.with_borrow_mut(work)
    }

    /// Appends the two parts, compressed as one.
    pub fn compress(
        &mut self,
        packing: Packing,
        [first, second]: [&[u8]; 2],
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        let mut joined = std::mem::take(&mut self.joined);
        let input = if second.is_empty() {
            first
        } else {
            joined.clear();
            joined.reserve_exact(first.len() + second.len());
            joined.extend_from_slice(first);
            joined.extend_from_slice(second);
            &joined
        };
        let level = packing.zlib_level;
        let done = match packing.compressor {
            Compressor::Snappy => self.snappy.compress(input, level, output),
            Compressor::Zlib => self.zlib.compress(input, level, output),
            Compressor::Zstd => self.zstd.compress(input, level, output),
        };
        if joined.capacity() <= LARGEST_KEPT {
            self.joined = joined;
        }
        done
    }

    /// What `input` stands for, which must have this size; else what it has, as the end of a
    /// sentence. Never takes more memory than that size.
    pub fn inflate(&mut self, compressor: Compressor, input: &[u8], size: usize) -> Result<Vec<u8>, String> {
        match compressor {
            Compressor::Snappy => self.snappy.inflate(input, size),
            Compressor::Zlib => self.zlib.inflate(input, size),
            Compressor::Zstd => self.zstd.inflate(input, size),
        }
    }

    /// An empty buffer.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a buffer that has served.
    pub fn keep(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= LARGEST_KEPT && self.spare.len() < MOST_KEPT {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}
