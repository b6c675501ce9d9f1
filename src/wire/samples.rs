//! Messages for this module's tests.

use bson::{RawDocumentBuf, doc, oid::ObjectId};

use super::checksum;
use super::header::Header;
use super::op_msg::CHECKSUM_PRESENT;

/// A message of these flags and sections, with a checksum if the flags say so.
pub fn message(flags: u32, sections: &[u8]) -> Vec<u8> {
    let has_sum = flags & CHECKSUM_PRESENT != 0;
    let length = 20 + sections.len() + if has_sum { 4 } else { 0 };
    let header =
        Header { message_length: length as i32, request_id: 77, response_to: 5, op_code: Header::OP_MSG };
    let mut bytes = header.write().to_vec();
    bytes.extend_from_slice(&flags.to_le_bytes());
    bytes.extend_from_slice(sections);
    if has_sum {
        bytes.extend_from_slice(&checksum::of_parts(&[&bytes]).to_le_bytes());
    }
    bytes
}

/// A section of kind 0.
pub fn body(document: &bson::Document) -> Vec<u8> {
    let document = RawDocumentBuf::try_from(document).unwrap();
    [&[0], document.as_bytes()].concat()
}

/// A section of kind 1.
pub fn sequence(identifier: &str, documents: &[bson::Document]) -> Vec<u8> {
    let documents: Vec<u8> =
        documents.iter().flat_map(|d| RawDocumentBuf::try_from(d).unwrap().into_bytes()).collect();
    let length = (4 + identifier.len() + 1 + documents.len()) as i32;
    [&[1], &length.to_le_bytes()[..], identifier.as_bytes(), &[0], &documents].concat()
}

/// A document of random elements of every type that BSON has.
pub fn document(random: &mut fastrand::Rng, depth: usize) -> bson::Document {
    use bson::Bson;
    let mut document = doc! {};
    for index in 0..random.usize(0..8) {
        let text: String = (0..random.usize(0..20)).map(|_| random.char('a'..='ÿ')).collect();
        let value = match random.u8(0..20) {
            0 => Bson::Double(random.f64()),
            1 => Bson::String(text),
            2 if depth > 0 => Bson::Document(self::document(random, depth - 1)),
            3 if depth > 0 => {
                Bson::Array(self::document(random, depth - 1).into_iter().map(|(_, v)| v).collect())
            }
            4 => Bson::Binary(bson::Binary {
                subtype: bson::spec::BinarySubtype::Generic,
                bytes: text.into_bytes(),
            }),
            5 => Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            6 => Bson::Boolean(random.bool()),
            7 => Bson::DateTime(bson::DateTime::from_millis(random.i64(..))),
            8 => Bson::Null,
            9 => Bson::RegularExpression(bson::Regex {
                pattern: "a.*b".try_into().unwrap(),
                options: "i".try_into().unwrap(),
            }),
            10 => Bson::JavaScriptCode(text),
            11 => Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope {
                code: text,
                scope: doc! { "x": 1 },
            }),
            12 => Bson::Int32(random.i32(..)),
            13 => Bson::Timestamp(bson::Timestamp { time: random.u32(..), increment: random.u32(..) }),
            14 => Bson::Int64(random.i64(..)),
            15 => Bson::Decimal128(bson::Decimal128::from_bytes([3; 16])),
            16 => Bson::MinKey,
            17 => Bson::MaxKey,
            18 => Bson::Symbol(text),
            _ => Bson::Undefined,
        };
        document.insert(format!("{index}{}", "k".repeat(random.usize(0..9))), value);
    }
    document
}
