//! The 16 bytes in front of every message.

/// A message header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Length of the whole message, these 16 bytes included.
    pub message_length: i32,
    /// The sender's number for this message.
    pub request_id: i32,
    /// In a reply, the number of the message it answers.
    pub response_to: i32,
    /// What kind of message follows.
    pub op_code: i32,
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 16;
    /// The opcode of OP_MSG.
    pub const OP_MSG: i32 = super::frame::OP_MSG;
    /// The opcode of OP_COMPRESSED.
    pub const OP_COMPRESSED: i32 = 2012;

    /// Reads the four numbers; what they say is for the caller to judge.
    pub fn read(bytes: &[u8; Self::LEN]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        Self {
            message_length: i32::from_le_bytes([a, b, c, d]),
            request_id: i32::from_le_bytes([e, f, g, h]),
            response_to: i32::from_le_bytes([i, j, k, l]),
            op_code: i32::from_le_bytes([m, n, o, p]),
        }
    }

    /// The bytes that [`read`](Self::read) takes.
    pub fn write(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let numbers = [self.message_length, self.request_id, self.response_to, self.op_code];
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let header = Header { message_length: 26, request_id: -7, response_to: i32::MAX, op_code: 2013 };
        let bytes = header.write();
        assert_eq!(&bytes[..4], [26, 0, 0, 0]);
        assert_eq!(&bytes[12..], [0xdd, 0x07, 0, 0]);
        assert_eq!(Header::read(&bytes), header);
    }
}
