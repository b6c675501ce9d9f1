//! Reading what cases are written in: JSON, and extended JSON where BSON is meant.

use bson::{Bson, Document, RawDocumentBuf};
use serde_json::Value;

/// The field, or an error that names it.
pub fn field<'a>(value: &'a Value, key: &str) -> Result<&'a Value, String> {
    value.get(key).ok_or_else(|| format!("the case has no field '{key}' in {value}"))
}

/// The elements of an array; none if it is missing.
pub fn array<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(format!("'{key}' is not an array: {other}")),
    }
}

/// A string.
pub fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    field(value, key)?.as_str().ok_or_else(|| format!("'{key}' is not a string in {value}"))
}

/// A whole number, plain or extended (`{"$numberLong": "1"}`).
pub fn integer(value: &Value) -> Result<i64, String> {
    match bson(value)? {
        Bson::Int32(number) => Ok(number.into()),
        Bson::Int64(number) => Ok(number),
        other => Err(format!("not a whole number: {other}")),
    }
}

/// A value of extended JSON.
pub fn bson(value: &Value) -> Result<Bson, String> {
    Bson::try_from(value.clone()).map_err(|error| format!("not extended JSON: {value}: {error}"))
}

/// A document of extended JSON.
pub fn document(value: &Value) -> Result<Document, String> {
    match bson(value)? {
        Bson::Document(document) => Ok(document),
        other => Err(format!("not a document: {other}")),
    }
}

/// A document of extended JSON, as bytes.
pub fn raw_document(value: &Value) -> Result<RawDocumentBuf, String> {
    RawDocumentBuf::try_from(&document(value)?).map_err(|error| error.to_string())
}
