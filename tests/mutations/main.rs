//! The fuzz targets without a fuzzer: their seeds, damaged at random from a fixed start.
//! Ten thousand of each; twenty times as many with `ACTIX_MONGO_LONG=1`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use targets::TARGETS;

#[test]
fn damaged_seeds_are_read_or_refused() {
    let long = std::env::var("ACTIX_MONGO_LONG").is_ok_and(|it| it == "1");
    let rounds = if long { 200_000 } else { 10_000 };
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        let mut random = fastrand::Rng::with_seed(7);
        for (path, seed) in &seeds {
            println!("{name}: {}", path.display());
            target(seed);
        }
        for _ in 0..rounds {
            let (_, seed) = &seeds[random.usize(..seeds.len())];
            target(&damaged(seed, &seeds, &mut random));
        }
    }
}

/// The files of `tests/fuzz/corpus/NAME`.
fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seeds", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// One to four changes: a bit, a byte, a number, a piece cut out, twice there, or foreign.
fn damaged(seed: &[u8], seeds: &[(PathBuf, Vec<u8>)], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(..=bytes.len());
        let end = random.usize(at..=bytes.len());
        match random.u8(..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 if at + 4 <= bytes.len() => {
                let number = [0, -1, 4, 5, i32::MAX, i32::MIN, i32::from(random.i8(..))][random.usize(..7)];
                bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            }
            3 => drop(bytes.drain(at..end)),
            4 => bytes.extend_from_within(at..end),
            5 => bytes.truncate(at),
            _ => {
                let (_, other) = &seeds[random.usize(..seeds.len())];
                let from = random.usize(..=other.len());
                bytes.splice(at..end, other[from..].iter().copied());
            }
        }
    }
    bytes
}
