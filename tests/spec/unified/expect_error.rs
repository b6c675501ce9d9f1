//! Whether an error is the one that a case expects.

use actix_mongo::{Error, Kind, WriteConcernError};
use bson::{Bson, Document, doc};

use super::operation::Call;
use super::operations::bulk_writes::of_result;
use super::world::World;

/// Compares an error; the sentence says in what it differs.
pub fn check(world: &World, call: &Call, expected: &Document, error: &Error) -> Result<(), String> {
    for (key, value) in expected {
        let agrees = match (key.as_str(), value) {
            ("isError", Bson::Boolean(true)) => true,
            ("isClientError", Bson::Boolean(is)) => *is == is_clients(error),
            ("isTimeoutError", Bson::Boolean(is)) => *is == (error.kind() == Kind::Timeout),
            ("errorContains", Bson::String(part)) => {
                let part = part.to_lowercase();
                sentences(error).iter().any(|sentence| sentence.to_lowercase().contains(&part))
            }
            ("errorCode", code) => error.code().is_some_and(|it| code.as_i32() == Some(it)),
            ("errorCodeName", Bson::String(name)) => {
                code_names(error).iter().any(|it| it.eq_ignore_ascii_case(name))
            }
            ("errorLabelsContain", Bson::Array(labels)) => {
                strings(labels).all(|label| error.has_label(label))
            }
            ("errorLabelsOmit", Bson::Array(labels)) => !strings(labels).any(|label| error.has_label(label)),
            ("errorResponse", response) => {
                let actual = response_of(error)?.map(Bson::Document);
                world.matcher().root(response, actual.as_ref()).map_err(|it| format!("{key}: {it}"))?;
                true
            }
            ("expectResult", expected) => {
                let partial = partial_result(call, error).map(Bson::Document);
                world.matcher().root(expected, partial.as_ref()).map_err(|it| format!("{key}: {it}"))?;
                true
            }
            ("writeErrors", Bson::Document(expected)) => {
                write_errors(world, expected, error)?;
                true
            }
            ("writeConcernErrors", Bson::Array(expected)) => {
                let failure = error.bulk_write_failure();
                let actual = failure.map(|failure| failure.write_concern_errors.as_slice());
                let actual: Vec<_> = actual.unwrap_or_default().iter().map(of_concern).collect();
                world.matcher().rows(&Bson::Array(expected.clone()), &actual)?;
                true
            }
            _ => {
                return Err(format!(
                    "an expectation of errors that the runner does not know: {key}: {value}"
                ));
            }
        };
        if !agrees {
            return Err(format!("expected {key} {value}"));
        }
    }
    Ok(())
}

/// Not what a server answered.
fn is_clients(error: &Error) -> bool {
    error.server_response().is_none() && error.code().is_none()
}

fn strings(list: &[Bson]) -> impl Iterator<Item = &str> {
    list.iter().filter_map(Bson::as_str)
}

fn response_of(error: &Error) -> Result<Option<Document>, String> {
    let response = error.server_response();
    response.map(|raw| Document::try_from(raw.as_ref()).map_err(|error| error.to_string())).transpose()
}

/// What was done in spite of the error, where the error tells.
fn partial_result(call: &Call, error: &Error) -> Option<Document> {
    if let Some(failure) = error.bulk_write_failure() {
        return failure.partial_result.as_ref().map(of_result);
    }
    let failure = error.write_failure()?;
    match call.name.as_str() {
        "insertMany" => Some(doc! {
            "insertedCount": failure.completed as i64, "matchedCount": 0, "modifiedCount": 0,
            "deletedCount": 0, "upsertedCount": 0, "upsertedIds": {},
        }),
        _ => None,
    }
}

/// Compares the refused operations, by their index: no more, and no fewer.
fn write_errors(world: &World, expected: &Document, error: &Error) -> Result<(), String> {
    let refused = error.write_failure().map(|failure| failure.write_errors.as_slice()).unwrap_or_default();
    let actual = refused.iter().map(|it| {
        let details = it.details.as_ref().and_then(|raw| Document::try_from(raw.as_ref()).ok());
        (it.index.to_string(), Bson::Document(of_refusal(it.code, &it.message, details)))
    });
    let actual: Document = actual.collect();
    if actual.len() != expected.len() {
        return Err(format!("writeErrors: expected {expected}, got {actual}"));
    }
    for (index, expected) in expected {
        world
            .matcher()
            .root(expected, actual.get(index))
            .map_err(|it| format!("writeErrors: {index}: {it}"))?;
    }
    Ok(())
}

fn of_concern(error: &WriteConcernError) -> Document {
    let details = error.details.as_ref().and_then(|raw| Document::try_from(raw.as_ref()).ok());
    of_refusal(error.code, &error.message, details)
}

fn of_refusal(code: i32, message: &str, details: Option<Document>) -> Document {
    let mut document = doc! { "code": code, "message": message };
    document.extend(details.map(|details| ("details".to_owned(), Bson::Document(details))));
    document
}

/// All that an error says: its own sentence, and those of the server that it holds.
fn sentences(error: &Error) -> Vec<String> {
    let mut all = vec![error.to_string()];
    if let Some(failure) = error.write_failure() {
        all.extend(failure.write_errors.iter().map(|refused| refused.message.clone()));
        all.extend(failure.write_concern_error.iter().map(|concern| concern.message.clone()));
    }
    if let Ok(Some(response)) = response_of(error) {
        all.extend(response.get_str("errmsg").map(str::to_owned));
    }
    all
}

fn code_names(error: &Error) -> Vec<String> {
    let concern = error.write_failure().and_then(|failure| failure.write_concern_error.as_ref());
    let mut names: Vec<_> = error.code_name().map(str::to_owned).into_iter().collect();
    names.extend(concern.map(|concern| concern.code_name.clone()));
    names
}
