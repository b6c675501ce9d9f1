//! Cases of BSON and extended JSON. Neither is this crate's work; they show that the BSON
//! crate it stands on keeps what it is given.

use bson::{Bson, Decimal128, Document};
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::json;

/// One case for each entry of `valid`, `decodeErrors` and `parseErrors`.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let kind = content.get("bson_type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut cases = Vec::new();
    for (list, check) in [
        ("valid", valid as fn(&Value, &str) -> Result<(), String>),
        ("decodeErrors", decode_error),
        ("parseErrors", parse_error),
    ] {
        for entry in content.get(list).and_then(Value::as_array).into_iter().flatten() {
            let description = entry.get("description").and_then(Value::as_str).unwrap_or_default();
            let (entry, kind) = (entry.clone(), kind.clone());
            let name = format!("{list}: {description}");
            cases.push(Case::new(file, &name, move |_| check(&entry, &kind)));
        }
    }
    cases
}

fn valid(entry: &Value, _: &str) -> Result<(), String> {
    let canonical_bytes = bytes(json::text(entry, "canonical_bson")?)?;
    let canonical_json = parse(json::text(entry, "canonical_extjson")?)?;
    let lossy = entry.get("lossy").and_then(Value::as_bool) == Some(true);

    let native = decode(&canonical_bytes)?;
    same("canonical BSON, read and written", &encode(&native)?, &canonical_bytes)?;
    same("canonical BSON as canonical JSON", &canonical(&native), &canonical_json)?;
    let from_json = json::document(&canonical_json)?;
    same("canonical JSON, read and written", &canonical(&from_json), &canonical_json)?;
    if !lossy {
        same("canonical JSON as BSON", &encode(&from_json)?, &canonical_bytes)?;
    }
    if let Some(text) = entry.get("relaxed_extjson").and_then(Value::as_str) {
        let relaxed_json = parse(text)?;
        same("canonical BSON as relaxed JSON", &relaxed(&native), &relaxed_json)?;
        same("relaxed JSON, read and written", &relaxed(&json::document(&relaxed_json)?), &relaxed_json)?;
    }
    if let Some(text) = entry.get("degenerate_bson").and_then(Value::as_str) {
        let native = decode(&bytes(text)?)?;
        same("degenerate BSON, read and written", &encode(&native)?, &canonical_bytes)?;
    }
    if let Some(text) = entry.get("degenerate_extjson").and_then(Value::as_str) {
        let native = json::document(&parse(text)?)?;
        same("degenerate JSON as canonical JSON", &canonical(&native), &canonical_json)?;
        if !lossy {
            same("degenerate JSON as BSON", &encode(&native)?, &canonical_bytes)?;
        }
    }
    Ok(())
}

fn decode_error(entry: &Value, _: &str) -> Result<(), String> {
    let bytes = bytes(json::text(entry, "bson")?)?;
    match decode(&bytes) {
        Ok(document) => Err(format!("it was decoded: {document}")),
        Err(_) => Ok(()),
    }
}

fn parse_error(entry: &Value, kind: &str) -> Result<(), String> {
    let text = json::text(entry, "string")?;
    if kind == "0x13" {
        return match text.parse::<Decimal128>() {
            Ok(decimal) => Err(format!("it was parsed: {decimal}")),
            Err(_) => Ok(()),
        };
    }
    // What a document must not hold may also show only when it is written.
    match json::document(&parse(text)?).and_then(|document| encode(&document)) {
        Ok(bytes) => Err(format!("it was parsed: {bytes:?}")),
        Err(_) => Ok(()),
    }
}

/// Bytes from hexadecimal digits.
pub fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).ok_or_else(|| format!("not hexadecimal: {hex}"));
    let pair = |pair: &[u8]| match pair {
        [high, low] => Ok((digit(high)? * 16 + digit(low)?) as u8),
        _ => Err(format!("an odd number of digits: {hex}")),
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

/// A document from bytes, all of them.
pub fn decode(bytes: &[u8]) -> Result<Document, String> {
    let mut rest = bytes;
    let document = Document::from_reader(&mut rest).map_err(|error| error.to_string())?;
    match rest.is_empty() {
        true => Ok(document),
        false => Err(format!("{} bytes are left over", rest.len())),
    }
}

/// The bytes of a document.
pub fn encode(document: &Document) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    document.to_writer(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {text}: {error}"))
}

fn canonical(document: &Document) -> Value {
    Bson::Document(document.clone()).into_canonical_extjson()
}

fn relaxed(document: &Document) -> Value {
    Bson::Document(document.clone()).into_relaxed_extjson()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, actual: &T, expected: &T) -> Result<(), String> {
    match actual == expected {
        true => Ok(()),
        false => Err(format!("{what}: {actual:?}, not {expected:?}")),
    }
}
