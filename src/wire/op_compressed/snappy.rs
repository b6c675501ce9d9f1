//! Snappy, in its raw format.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

/// No three bytes of it stand for more than a copy of 64.
const LARGEST_RATIO: usize = 22;

/// Compresses and inflates.
pub struct Coder {
    encoder: Encoder,
}

impl Default for Coder {
    fn default() -> Self {
        Self { encoder: Encoder::new() }
    }
}

impl Coder {
    /// Appends `input`, compressed.
    pub fn compress(&mut self, input: &[u8], _level: i32, output: &mut Vec<u8>) -> Result<(), String> {
        let start = output.len();
        output.resize(start + max_compress_len(input.len()), 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let length = self.encoder.compress(input, room).map_err(|error| error.to_string())?;
        output.truncate(start + length);
        Ok(())
    }

    /// What `input` stands for, if that has this size.
    pub fn inflate(&mut self, input: &[u8], size: usize) -> Result<Vec<u8>, String> {
        let announced = decompress_len(input).map_err(|error| error.to_string())?;
        if announced != size {
            return Err(format!("it says itself that it has {announced}"));
        }
        if size / LARGEST_RATIO > input.len() {
            return Err(format!("its {} bytes are too few for that", input.len()));
        }
        let mut output = vec![0; size];
        // It fails unless it fills the whole of it.
        Decoder::new().decompress(input, &mut output).map_err(|error| error.to_string())?;
        Ok(output)
    }
}

impl std::fmt::Debug for Coder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("snappy")
    }
}
