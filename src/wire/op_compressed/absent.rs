//! Stands in for a compressor whose feature is off. It is never offered, so nothing is
//! compressed or inflated with it; if it were asked, it would say so.

const WHY: &str = "this build does not have that compressor";

/// Nothing.
#[derive(Debug, Default)]
pub struct Coder;

impl Coder {
    /// Refuses.
    pub fn compress(&mut self, _input: &[u8], _level: i32, _output: &mut Vec<u8>) -> Result<(), String> {
        Err(WHY.to_owned())
    }

    /// Refuses.
    pub fn inflate(&mut self, _input: &[u8], _size: usize) -> Result<Vec<u8>, String> {
        Err(WHY.to_owned())
    }
}
