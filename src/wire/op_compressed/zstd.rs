//! Zstandard, at its usual level.

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{compress_bound, find_frame_compressed_size, get_error_name};

/// Zstandard's own default.
const LEVEL: i32 = 0;

/// Compresses and inflates. Its contexts are made when they are first needed, and kept.
#[derive(Default)]
pub struct Coder {
    compressor: Option<Compressor<'static>>,
    decompressor: Option<Decompressor<'static>>,
}

impl Coder {
    /// Appends `input`, compressed.
    pub fn compress(&mut self, input: &[u8], _level: i32, output: &mut Vec<u8>) -> Result<(), String> {
        let compressor = match &mut self.compressor {
            Some(kept) => kept,
            none => none.insert(Compressor::new(LEVEL).map_err(|error| error.to_string())?),
        };
        let start = output.len();
        output.resize(start + compress_bound(input.len()), 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let length = compressor.compress_to_buffer(input, room).map_err(|error| error.to_string())?;
        output.truncate(start + length);
        Ok(())
    }

    /// What `input` stands for, if that has this size.
    pub fn inflate(&mut self, input: &[u8], size: usize) -> Result<Vec<u8>, String> {
        let decompressor = match &mut self.decompressor {
            Some(kept) => kept,
            none => none.insert(Decompressor::new().map_err(|error| error.to_string())?),
        };
        // One frame and nothing else: decompressing reads on, and what follows may be a frame of
        // nothing, or one that is to be skipped.
        let frame = find_frame_compressed_size(input).map_err(|code| get_error_name(code).to_owned())?;
        if frame != input.len() {
            return Err(format!(
                "it ends {} bytes before the message does",
                input.len().saturating_sub(frame)
            ));
        }
        // Room for no more: what has more is refused. It is not touched before it is filled.
        let mut output = Vec::with_capacity(size);
        let length =
            decompressor.decompress_to_buffer(input, &mut output).map_err(|error| error.to_string())?;
        if length == size { Ok(output) } else { Err(format!("it has {length}")) }
    }
}

impl std::fmt::Debug for Coder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("zstd")
    }
}
