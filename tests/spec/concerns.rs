//! Cases of read and write concerns: what a connection string asks for, and what is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_mongo::command::{ReadConcern, WriteConcern};
use actix_mongo::connection::uri::ConnectionString;
use actix_mongo::wire::ElementWriter;
use bson::{Bson, Document, RawDocumentBuf};
use serde_json::{Value, json};

use crate::case::Case;
use crate::connection_string::{each, validity};
use crate::corpus::TestFile;
use crate::{json, uri_options};

/// Cases of connection strings.
pub fn of_strings(file: &TestFile, content: &Value) -> Vec<Case> {
    each(file, content, |file, name, test| {
        let test = test.clone();
        Case::new(file, name, move |_| run_string(&test))
    })
}

/// Cases of documents.
pub fn of_documents(file: &TestFile, content: &Value) -> Vec<Case> {
    each(file, content, |file, name, test| {
        let test = test.clone();
        Case::new(file, name, move |_| run_document(&test))
    })
}

fn run_string(test: &Value) -> Result<(), String> {
    // A value that these specifications forbid is ignored with a warning by those of
    // connection strings; `check` is what follows these.
    let read = ConnectionString::read(json::text(test, "uri")?);
    let read = read.and_then(|read| read.check().map(|()| read));
    let Some(read) = validity(test, read)? else { return Ok(()) };
    if let Some(warning) = test.get("warning").and_then(Value::as_bool)
        && warning == read.warnings.is_empty()
    {
        return Err(format!("the warnings are {:?}", read.warnings));
    }
    if let Some(expected) = test.get("readConcern").filter(|expected| !expected.is_null()) {
        let found = read.options.read_concern.unwrap_or_default();
        same("the read concern", &json!({ "level": found.level() }), expected)?;
    }
    if let Some(expected) = test.get("writeConcern").filter(|expected| !expected.is_null()) {
        let found = read.options.write_concern.unwrap_or_default();
        let found = json!({
            "w": uri_options::w(Some(&found))?,
            "journal": found.is_journaled(),
            "wtimeoutMS": found.wait().map(|wait| wait.as_millis() as u64),
        });
        same("the write concern", &found, expected)?;
    }
    Ok(())
}

/// Compares all fields; what is not set is not there.
fn same(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    let set = |value: &Value| -> BTreeMap<String, Value> {
        let fields = value.as_object().into_iter().flatten();
        fields
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    match expected.is_object() && set(found) == set(expected) {
        true => Ok(()),
        false => Err(format!("{what} is {found}, not {expected}")),
    }
}

fn run_document(test: &Value) -> Result<(), String> {
    match (test.get("readConcern"), test.get("writeConcern")) {
        (Some(concern), None) => read_concern(test, concern),
        (None, Some(concern)) => write_concern(test, concern),
        _ => Err("the case has neither a read nor a write concern, or both".to_owned()),
    }
}

fn read_concern(test: &Value, given: &Value) -> Result<(), String> {
    only(given, &["level"])?;
    let concern = match given.get("level") {
        Some(_) => ReadConcern::new(json::text(given, "level")?),
        None => ReadConcern::default(),
    };
    if validity(test, Ok::<_, String>(()))?.is_none() {
        return Ok(());
    }
    sent(test, "readConcernDocument", |fields| concern.write(fields))?;
    flag(test, "isServerDefault", concern.is_default())
}

fn write_concern(test: &Value, given: &Value) -> Result<(), String> {
    only(given, &["w", "journal", "wtimeoutMS"])?;
    let Some(concern) = made(given)? else {
        // There is no such write concern: the types have no room for a negative number.
        return validity(test, Err::<(), _>("a number is out of range")).map(drop);
    };
    validity(test, concern.validate())?;
    sent(test, "writeConcernDocument", |fields| concern.write(fields))?;
    flag(test, "isServerDefault", concern.is_default())?;
    flag(test, "isAcknowledged", concern.is_acknowledged())
}

/// The write concern, or none if one of its numbers can't be given to it.
fn made(given: &Value) -> Result<Option<WriteConcern>, String> {
    let mut concern = WriteConcern::new();
    match given.get("w") {
        None => {}
        Some(Value::String(mode)) => concern = concern.w(mode.as_str()),
        Some(count) => match u32::try_from(json::integer(count)?) {
            Ok(count) => concern = concern.w(count),
            Err(_) => return Ok(None),
        },
    }
    if let Some(journal) = given.get("journal") {
        concern = concern.journal(journal.as_bool().ok_or("'journal' is not a boolean")?);
    }
    if let Some(timeout) = given.get("wtimeoutMS") {
        match u64::try_from(json::integer(timeout)?) {
            Ok(timeout) => concern = concern.timeout(Duration::from_millis(timeout)),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(concern))
}

fn only(given: &Value, known: &[&str]) -> Result<(), String> {
    let mut fields = given.as_object().ok_or_else(|| format!("not a document: {given}"))?.keys();
    match fields.find(|field| !known.contains(&field.as_str())) {
        Some(field) => Err(format!("a field that the runner does not know: {field}")),
        None => Ok(()),
    }
}

/// Compares what is written into commands, by name and value; whole numbers of whatever
/// size are equal.
fn sent(test: &Value, key: &str, write: impl FnOnce(&mut ElementWriter<'_>)) -> Result<(), String> {
    let Some(expected) = test.get(key).filter(|expected| !expected.is_null()) else { return Ok(()) };
    let mut bytes = vec![0; 4];
    write(&mut ElementWriter::new(&mut bytes));
    bytes.push(0);
    let length = i32::try_from(bytes.len()).map_err(|error| error.to_string())?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let found = RawDocumentBuf::from_bytes(bytes).map_err(|error| error.to_string())?;
    let found = Document::try_from(found).map_err(|error| error.to_string())?;
    match widened(found.clone()) == widened(json::document(expected)?) {
        true => Ok(()),
        false => Err(format!("{key} is {found}, not {expected}")),
    }
}

fn widened(document: Document) -> Vec<(String, Bson)> {
    let widen = |(key, value)| match value {
        Bson::Int32(number) => (key, Bson::Int64(number.into())),
        other => (key, other),
    };
    let mut fields: Vec<_> = document.into_iter().map(widen).collect();
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

fn flag(test: &Value, key: &str, found: bool) -> Result<(), String> {
    match test.get(key).and_then(Value::as_bool) {
        Some(expected) if expected != found => Err(format!("{key} is {found}, not {expected}")),
        _ => Ok(()),
    }
}
