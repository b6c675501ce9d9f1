//! What the memory of this process holds, freed or not: for tests that secrets are overwritten.
//! Linux lets a process read its own.

use std::fs::{self, File};
use std::hint::black_box;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes to look for. They stand nowhere in memory as they are because of this.
#[derive(Clone, Debug)]
pub struct Needle {
    masked: Vec<u8>,
}

impl Needle {
    /// These bytes, which whoever passes them should not have together anywhere.
    pub fn new(bytes: impl IntoIterator<Item = u8>) -> Self {
        Self::of_masked(bytes.into_iter().map(|byte| byte ^ MASK))
    }

    /// The bytes that these are once each is combined (XOR) with [`MASK`].
    pub fn of_masked(masked: impl IntoIterator<Item = u8>) -> Self {
        let masked: Vec<u8> = masked.into_iter().collect();
        assert!(masked.len() >= LEAST, "so short a word may be anywhere");
        Self { masked }
    }

    /// Whether they stand anywhere in memory that can be written.
    pub fn is_in_memory(&self) -> bool {
        let memory = File::open("/proc/self/mem").expect("a process may read itself");
        let mut buffer = vec![0; CHUNK];
        let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + CHUNK;
        let found = regions().into_iter().any(|region| self.is_in(&memory, region, &mut buffer, &own));
        // What was read must not be found by the next one to look.
        buffer.fill(0);
        black_box(&mut buffer);
        found
    }

    fn is_in(&self, memory: &File, region: Range<usize>, buffer: &mut [u8], own: &Range<usize>) -> bool {
        let mut start = region.start;
        while start + self.masked.len() <= region.end {
            let length = buffer.len().min(region.end - start);
            // Some of it may have been unmapped since.
            if memory.read_exact_at(&mut buffer[..length], start as u64).is_err() {
                return false;
            }
            let mut places = buffer[..length].windows(self.masked.len()).enumerate();
            if places.any(|(at, bytes)| self.is(bytes) && !own.contains(&(start + at))) {
                return true;
            }
            // Those that begin in this piece and end in the next.
            start += (length - self.masked.len()) + 1;
        }
        false
    }

    fn is(&self, bytes: &[u8]) -> bool {
        bytes.iter().zip(&self.masked).all(|(byte, masked)| byte ^ MASK == *masked)
    }
}

/// All memory that can be written.
fn regions() -> Vec<Range<usize>> {
    let maps = fs::read_to_string("/proc/self/maps").expect("a process may see its own map");
    let region = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        rest.starts_with("rw").then_some(address(start)?..address(end)?)
    };
    maps.lines().filter_map(region).collect()
}

/// See [`Needle::of_masked`].
pub const MASK: u8 = 0x55;
const LEAST: usize = 16;
const CHUNK: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_what_was_overwritten_is_not() {
        let needle = Needle::new((0..32).map(|number: u8| number.wrapping_mul(37).wrapping_add(11)));
        assert!(!needle.is_in_memory());
        let mut held: Vec<u8> = needle.masked.iter().map(|byte| byte ^ MASK).collect();
        assert!(needle.is_in_memory());
        held.fill(0);
        black_box(&mut held);
        assert!(!needle.is_in_memory());
    }
}
