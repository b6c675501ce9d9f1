//! Cases of vectors in BSON binary values, as the BSON crate has them.

use bson::binary::{PackedBitVector, Vector};
use bson::{Binary, Bson, doc};
use serde_json::Value;

use crate::bson_corpus::{bytes, decode, encode};
use crate::case::Case;
use crate::corpus::TestFile;
use crate::json;

/// One case an entry of `tests`.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let key = content.get("test_key").and_then(Value::as_str).unwrap_or_default();
    let tests = content.get("tests").and_then(Value::as_array).into_iter().flatten();
    let case = |test: &Value| {
        let description = test.get("description").and_then(Value::as_str).unwrap_or_default();
        let (test, key) = (test.clone(), key.to_owned());
        if let Some(reason) = unrepresentable(&test) {
            return Case::skipped(file, description, reason);
        }
        Case::new(file, description, move |_| run(&test, &key))
    };
    tests.map(case).collect()
}

/// Values that no program can make, since the types of Rust rule them out.
fn unrepresentable(test: &Value) -> Option<String> {
    let valid = test.get("valid").and_then(Value::as_bool) == Some(true);
    let has_bytes = test.get("canonical_bson").is_some();
    if valid || has_bytes {
        return None;
    }
    let because = |what: &str| Some(format!("bson vector: {what} can't be expressed with the crate's types"));
    let numbers = test.get("vector").and_then(Value::as_array)?;
    let whole = |range: std::ops::RangeInclusive<i64>| {
        numbers.iter().all(|number| number.as_i64().is_some_and(|number| range.contains(&number)))
    };
    let padded = test.get("padding").and_then(Value::as_i64).is_some_and(|padding| padding != 0);
    match test.get("dtype_hex").and_then(Value::as_str)? {
        "0x03" if !whole(-128..=127) => because("a number that is no i8"),
        "0x10" if !whole(0..=255) => because("a number that is no u8"),
        "0x03" | "0x27" if padded => because("a padding of what is no bits"),
        _ => None,
    }
}

fn run(test: &Value, key: &str) -> Result<(), String> {
    let valid = json::field(test, "valid")?.as_bool().ok_or("'valid' is not a boolean")?;
    let made = test.get("vector").map(|_| make(test));
    let canonical = test.get("canonical_bson").and_then(Value::as_str).map(bytes).transpose()?;
    if !valid {
        if let Some(Ok(vector)) = made.filter(|_| unrepresentable_if_invalid(test).is_none()) {
            return Err(format!("it was made: {vector:?}"));
        }
        return match canonical.map(|bytes| read(&bytes, key)) {
            Some(Ok(vector)) => Err(format!("it was read: {vector:?}")),
            _ => Ok(()),
        };
    }
    let vector = made.ok_or("a valid case without a vector")??;
    let canonical = canonical.ok_or("a valid case without BSON")?;
    let written = encode(&doc! { key: Bson::Binary(Binary::from(vector.clone())) })?;
    if written != canonical {
        return Err(format!("it is written as {written:?}, not {canonical:?}"));
    }
    let back = read(&canonical, key)?;
    match same(&back, &vector) {
        true => Ok(()),
        false => Err(format!("it is read as {back:?}, not {vector:?}")),
    }
}

/// With bytes at hand, only what can't be made from numbers is left out.
fn unrepresentable_if_invalid(test: &Value) -> Option<String> {
    let mut numbers_only = test.clone();
    numbers_only.as_object_mut()?.remove("canonical_bson");
    unrepresentable(&numbers_only)
}

fn make(test: &Value) -> Result<Vector, String> {
    let numbers = json::array(test, "vector")?;
    let padding = match test.get("padding") {
        Some(padding) => u8::try_from(json::integer(padding)?).map_err(|error| error.to_string())?,
        None => 0,
    };
    let whole = |number: &Value| number.as_i64().ok_or_else(|| format!("not a whole number: {number}"));
    match json::text(test, "dtype_hex")? {
        "0x03" => {
            let small = |number| i8::try_from(whole(number)?).map_err(|error| error.to_string());
            Ok(Vector::Int8(numbers.iter().map(small).collect::<Result<_, _>>()?))
        }
        "0x27" => Ok(Vector::Float32(numbers.iter().map(float).collect::<Result<_, _>>()?)),
        "0x10" => {
            let byte = |number| u8::try_from(whole(number)?).map_err(|error| error.to_string());
            let bits = numbers.iter().map(byte).collect::<Result<_, _>>()?;
            PackedBitVector::new(bits, padding).map(Vector::PackedBit).map_err(|error| error.to_string())
        }
        other => Err(format!("a data type that the runner does not know: {other}")),
    }
}

fn float(number: &Value) -> Result<f32, String> {
    match json::bson(number)? {
        Bson::Double(number) => Ok(number as f32),
        Bson::Int32(number) => Ok(number as f32),
        Bson::Int64(number) => Ok(number as f32),
        Bson::String(text) => text.parse().map_err(|_| format!("not a number: {text}")),
        other => Err(format!("not a number: {other}")),
    }
}

fn read(bytes: &[u8], key: &str) -> Result<Vector, String> {
    match decode(bytes)?.get(key) {
        Some(Bson::Binary(binary)) => Vector::try_from(binary).map_err(|error| error.to_string()),
        other => Err(format!("'{key}' is not binary: {other:?}")),
    }
}

/// Floats are the same if their bits are.
fn same(a: &Vector, b: &Vector) -> bool {
    match (a, b) {
        (Vector::Float32(a), Vector::Float32(b)) => {
            a.iter().map(|number| number.to_bits()).eq(b.iter().map(|number| number.to_bits()))
        }
        (a, b) => a == b,
    }
}
