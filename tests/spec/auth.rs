//! Cases of the credential that a connection string stands for.

use actix_mongo::connection::uri::{ConnectionString, Credential, Mechanism};
use actix_mongo::{Connection, Kind};
use serde_json::Value;

use crate::case::Case;
use crate::connection_string::{each, validity};
use crate::corpus::TestFile;
use crate::{json, pending, unified};

/// Those of the unified format. What is about a mechanism that this driver does not have follows
/// with the mechanism, whether the server has it or not.
pub fn unified_cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let requirements = content.get("runOnRequirements").and_then(Value::as_array);
    let named = requirements.into_iter().flatten().filter_map(|it| it.get("authMechanism")?.as_str());
    match named.into_iter().find(|name| is_missing(name)) {
        Some(mechanism) => pending::cases_of_feature(file, content, mechanism),
        None => unified::cases(file, content),
    }
}

/// Whether the driver says of itself that it does not have this mechanism.
fn is_missing(name: &str) -> bool {
    let Some(mechanism) = Mechanism::named(name) else { return true };
    let credential = actix_mongo::Credential::default().mechanism(mechanism);
    let refused = Connection::builder().credential(credential).connect_lazy().err();
    refused.is_some_and(|error| error.kind() == Kind::Unsupported)
}

/// One case for each entry of `tests`.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    each(file, content, |file, name, test| {
        let test = test.clone();
        Case::new(file, name, move |_| run(&test))
    })
}

fn run(test: &Value) -> Result<(), String> {
    let read = ConnectionString::read(json::text(test, "uri")?);
    let Some(found) = validity(test, read.and_then(|read| read.credential()))? else { return Ok(()) };
    match (test.get("credential"), found) {
        (None, _) | (Some(Value::Null), None) => Ok(()),
        (Some(Value::Null), Some(found)) => Err(format!("there is a credential: {found:?}")),
        (Some(_), None) => Err("there is no credential".to_owned()),
        (Some(expected), Some(found)) => compare(expected, &found),
    }
}

/// A field that is null must not be set, one that is missing may be anything.
fn compare(expected: &Value, found: &Credential) -> Result<(), String> {
    let texts = [
        ("username", found.username.as_deref()),
        ("password", found.password.as_ref().map(|password| password.reveal())),
        ("source", Some(found.source.as_str())),
        ("mechanism", found.mechanism.map(Mechanism::name)),
    ];
    let fields = expected.as_object().ok_or("'credential' is not a document")?;
    for (name, value) in fields {
        if name == "mechanism_properties" {
            properties(value, found)?;
            continue;
        }
        let (_, found) = texts
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| format!("the runner does not know {name}"))?;
        if *found != value.as_str() || !(value.is_null() || value.is_string()) {
            return Err(format!("{name} is {found:?}, not {value}"));
        }
    }
    Ok(())
}

/// Those that are named must be there; others may.
fn properties(expected: &Value, found: &Credential) -> Result<(), String> {
    let Some(expected) = expected.as_object() else {
        let none = expected.is_null() && found.properties.is_empty();
        return if none { Ok(()) } else { Err(format!("the properties are {:?}", found.properties)) };
    };
    for (name, value) in expected {
        let found = found.property(name);
        if found.is_none() || found != value.as_str() {
            return Err(format!("the property {name} is {found:?}, not {value}"));
        }
    }
    Ok(())
}
