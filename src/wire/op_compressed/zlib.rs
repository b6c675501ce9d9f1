//! Zlib, with its header and checksum.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// No two bits of it stand for more than a copy of 258 bytes.
const LARGEST_RATIO: usize = 1032;
/// The bytes around what is compressed, and the least that its blocks take.
const AROUND: usize = 16;

/// Compresses and inflates. Its states are made when they are first needed, and kept: they are
/// far larger than a usual message.
#[derive(Debug, Default)]
pub struct Coder {
    deflate: Option<(i32, Compress)>,
    inflate: Option<Decompress>,
}

impl Coder {
    /// Appends `input`, compressed. Level -1 is the usual one.
    pub fn compress(&mut self, input: &[u8], level: i32, output: &mut Vec<u8>) -> Result<(), String> {
        let kept = self.deflate.take().filter(|(it, _)| *it == level);
        let (_, state) = self.deflate.insert(kept.unwrap_or_else(|| (level, deflate(level))));
        state.reset();
        loop {
            let done = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
            let rest = input.get(done..).unwrap_or_default();
            output.reserve(rest.len() / 2 + AROUND);
            match state.compress_vec(rest, output, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(()),
                Ok(Status::Ok | Status::BufError) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// What `input` stands for, if that has this size.
    pub fn inflate(&mut self, input: &[u8], size: usize) -> Result<Vec<u8>, String> {
        if size / LARGEST_RATIO > input.len() {
            return Err(format!("its {} bytes are too few for that", input.len()));
        }
        let state = self.inflate.get_or_insert_with(|| Decompress::new(true));
        state.reset(true);
        // There is no room for more.
        let mut output = vec![0; size];
        let status = state.decompress(input, &mut output, FlushDecompress::Finish);
        let (read, written) = (state.total_in(), state.total_out());
        match status {
            Err(error) => Err(error.to_string()),
            Ok(Status::StreamEnd) if written != size as u64 => Err(format!("it has {written}")),
            Ok(Status::StreamEnd) if read != input.len() as u64 => {
                Err(format!("it ends {} bytes before the message does", input.len() as u64 - read))
            }
            Ok(Status::StreamEnd) => Ok(output),
            Ok(Status::Ok | Status::BufError) if written < size as u64 => {
                Err(format!("it has no end, and {written} so far"))
            }
            Ok(Status::Ok | Status::BufError) => Err("it has more".to_owned()),
        }
    }
}

fn deflate(level: i32) -> Compress {
    let level = u32::try_from(level).map_or_else(|_| Compression::default(), Compression::new);
    Compress::new(level, true)
}
