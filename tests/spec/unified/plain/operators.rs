//! The special operators of expected values, `$$exists` and its like.

use bson::spec::ElementType;
use bson::{Bson, Document};
use serde_json::Value;

use super::matching::{Matcher, compare, shown};

/// The operator that a value is, with its argument.
pub fn of(value: &Bson) -> Option<(&str, &Bson)> {
    let document = value.as_document().filter(|document| document.len() == 1)?;
    let (key, argument) = document.iter().next()?;
    key.starts_with("$$").then_some((key.as_str(), argument))
}

/// Checks a value, or that there is none.
pub fn check(
    matcher: &Matcher<'_>,
    operator: &str,
    argument: &Bson,
    actual: Option<&Bson>,
    root: bool,
    path: &str,
) -> Result<(), String> {
    let differ = |what: String| Err(format!("at '{path}': expected {what}, got {}", shown(actual)));
    match (operator, argument) {
        ("$$exists", Bson::Boolean(exists)) => match *exists == actual.is_some() {
            true => Ok(()),
            false => differ(if *exists { "a value".into() } else { "none".into() }),
        },
        ("$$type", names) => match actual {
            Some(value) if is_of_type(names, value)? => Ok(()),
            _ => differ(format!("a value of type {names}")),
        },
        ("$$unsetOrMatches", expected) => match actual {
            None => Ok(()),
            Some(_) => matcher.value(expected, actual, root, path),
        },
        ("$$matchesEntity", Bson::String(name)) => {
            matcher.value(&matcher.names().saved_value(name)?, actual, root, path)
        }
        ("$$sessionLsid", Bson::String(name)) => {
            matcher.value(&matcher.names().session_id(name)?, actual, false, path)
        }
        ("$$matchesHexBytes", Bson::String(hex)) => {
            let bytes = match actual {
                Some(Bson::String(text)) => text.as_bytes(),
                Some(Bson::Binary(binary)) => &binary.bytes,
                _ => return differ("bytes".into()),
            };
            match bytes == decode_hex(hex)? {
                true => Ok(()),
                false => differ(format!("the bytes {hex}")),
            }
        }
        ("$$lte", most) => match actual.and_then(|actual| compare(actual, most)) {
            Some(order) if order.is_le() => Ok(()),
            _ => differ(format!("at most {most}")),
        },
        ("$$matchAsDocument", expected) => match actual {
            Some(Bson::String(json)) => {
                let document = Bson::Document(parse(json).map_err(|error| format!("at '{path}': {error}"))?);
                matcher.value(expected, Some(&document), false, path)
            }
            _ => differ("a document as text".into()),
        },
        ("$$matchAsRoot", Bson::Document(_)) => match actual {
            Some(Bson::Document(_)) => matcher.value(argument, actual, true, path),
            _ => differ("a document".into()),
        },
        _ => Err(format!("at '{path}': an operator that the runner does not know: {operator}: {argument}")),
    }
}

/// A document of extended JSON.
fn parse(json: &str) -> Result<Document, String> {
    let value: Value = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
    match Bson::try_from(value) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(other) => Err(format!("not a document: {other}")),
        Err(error) => Err(format!("not extended JSON: {error}")),
    }
}

/// The bytes that pairs of hexadecimal digits stand for.
pub fn decode_hex(text: &str) -> Result<Vec<u8>, String> {
    let malformed = || format!("not pairs of hexadecimal digits: {text:?}");
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| malformed());
    (0..text.len()).step_by(2).map(pair).collect()
}

/// Whether a value's type is the one of this name, or one of these.
fn is_of_type(names: &Bson, value: &Bson) -> Result<bool, String> {
    let one = |name: &Bson| {
        let name = name.as_str().ok_or_else(|| format!("not a name of a type: {name}"))?;
        let is_number =
            || matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_));
        match (name, ALIASES.iter().find(|(alias, _)| *alias == name)) {
            ("number", _) => Ok(is_number()),
            (_, Some((_, kind))) => Ok(value.element_type() == *kind),
            (_, None) => Err(format!("a type that is not known here: {name}")),
        }
    };
    match names {
        Bson::Array(names) => names.iter().try_fold(false, |any, name| Ok(any || one(name)?)),
        name => one(name),
    }
}

const ALIASES: [(&str, ElementType); 21] = [
    ("double", ElementType::Double),
    ("string", ElementType::String),
    ("object", ElementType::EmbeddedDocument),
    ("array", ElementType::Array),
    ("binData", ElementType::Binary),
    ("undefined", ElementType::Undefined),
    ("objectId", ElementType::ObjectId),
    ("bool", ElementType::Boolean),
    ("date", ElementType::DateTime),
    ("null", ElementType::Null),
    ("regex", ElementType::RegularExpression),
    ("dbPointer", ElementType::DbPointer),
    ("javascript", ElementType::JavaScriptCode),
    ("symbol", ElementType::Symbol),
    ("javascriptWithScope", ElementType::JavaScriptCodeWithScope),
    ("int", ElementType::Int32),
    ("timestamp", ElementType::Timestamp),
    ("long", ElementType::Int64),
    ("decimal", ElementType::Decimal128),
    ("minKey", ElementType::MinKey),
    ("maxKey", ElementType::MaxKey),
];
