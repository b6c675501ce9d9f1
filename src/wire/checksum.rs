//! The CRC-32C that may end an OP_MSG. It is verified where a server sends one, and never
//! sent: TCP and TLS have checksums of their own.

use super::header::Header;
use super::protocol_error::ProtocolError;

/// Bytes of a checksum.
pub const LEN: usize = 4;

/// Splits the checksum off `sections`, what follows the flags of a message that has one,
/// and verifies it. What is left are the sections.
pub fn verify<'a>(header: &Header, flags: u32, sections: &'a [u8]) -> Result<&'a [u8], ProtocolError> {
    let Some((sections, announced)) = sections.split_last_chunk::<LEN>() else {
        return Err(ProtocolError::Length {
            what: "the checksum",
            length: 4,
            room: sections.len(),
            least: LEN,
        });
    };
    let announced = u32::from_le_bytes(*announced);
    let computed = of_parts(&[&header.write(), &flags.to_le_bytes(), sections]);
    if announced == computed { Ok(sections) } else { Err(ProtocolError::Checksum { announced, computed }) }
}

/// The checksum of `parts`, as if they stood behind each other.
pub fn of_parts(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |sum, part| crc32c::crc32c_append(sum, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32c() {
        assert_eq!(of_parts(&[b"1234", b"56789"]), 0xe306_9283);
    }

    #[test]
    fn any_changed_bit_is_found() {
        let header = Header { message_length: 30, request_id: 1, response_to: 2, op_code: 2013 };
        let mut sections = vec![0, 5, 0, 0, 0, 0];
        let sum = of_parts(&[&header.write(), &1_u32.to_le_bytes(), &sections]);
        sections.extend_from_slice(&sum.to_le_bytes());
        assert_eq!(verify(&header, 1, &sections).unwrap(), &sections[..6]);
        for bit in 0..sections.len() * 8 {
            let mut damaged = sections.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(verify(&header, 1, &damaged), Err(ProtocolError::Checksum { .. })));
        }
        assert!(verify(&Header { request_id: 3, ..header }, 1, &sections).is_err());
        assert!(verify(&header, 1, &[1, 2, 3]).is_err());
    }
}
