//! The format's own cases: files that must be refused, and cases that must fail. Both must
//! do so for the reason that the file is about.

use serde_json::Value;

use super::failure::{Checked, Failure};
use super::plain::schema::Violation;
use super::{Ended, refusal};
use crate::case::{Case, Verdict};
use crate::corpus::TestFile;

/// The one case of a file that its schema must refuse.
pub fn refusals(file: &TestFile, content: &Value) -> Option<Vec<Case>> {
    let name = file.path.strip_prefix("unified-test-format/tests/invalid/")?.trim_end_matches(".json");
    let (name, content) = (name.to_owned(), content.clone());
    let case = Case::new(file, "", move |context| {
        let found = refusal(&content, &context.source).map_err(|failure| format!("{failure:?}"))?;
        match found.iter().any(|violation| is_about(&name, violation)) {
            true => Ok(()),
            false => Err(format!("refused for other reasons than its name says, if at all: {found:?}")),
        }
    });
    Some(vec![case])
}

/// Whether a violation is what a file's name speaks of, as `entity-client-id-required`.
fn is_about(name: &str, violation: &Violation) -> bool {
    let parts: Vec<_> = name.split('-').collect();
    let Some((last, before)) = parts.split_last() else { return false };
    let Violation { path, keyword, sentence } = violation;
    let within = |part: &str| path.split('/').any(|step| step == part);
    let end = path.rsplit('/').next().unwrap_or_default();
    if *keyword == "additionalProperties" && before.contains(&end) {
        // The version that the file names has nothing of this name at all.
        return true;
    }
    let concerns = |field: &str| within(field) || field == "property" || path.is_empty();
    match *last {
        "items" => end.parse::<usize>().is_ok(),
        "required" => {
            *keyword == "required" && before.iter().any(|field| sentence.contains(&format!("'{field}'")))
        }
        "type" | "pattern" | "enum" | "const" => {
            keyword == last && before.iter().any(|field| concerns(field))
        }
        "minItems" | "minProperties" | "maxProperties" | "additionalProperties" => keyword == last,
        // Keys that exclude each other, and what is told in words: any violation will do.
        _ => true,
    }
}

/// Files below `valid-fail`, with a part of the sentence that their cases must fail with.
const VALID_FAIL: &[(&str, &str)] = &[
    ("assertNumberConnectionsCheckedOut", ""),
    ("entity-bucket-database-undefined", "there is no entity 'foo'"),
    ("entity-client-apiVersion-unsupported", "an API version that the driver does not know"),
    ("entity-collection-database-undefined", "there is no entity 'foo'"),
    ("entity-findCursor-malformed", "the argument 'filter' is missing"),
    ("entity-session-client-undefined", "there is no entity 'foo'"),
    ("ignoreResultAndError-malformed", "the argument 'document' is missing"),
    ("ignoreResultAndError", "unexpected error"),
    ("operation-unsupported", "there is no operation unsupportedOperation"),
    ("operator-matchAsDocument", "the result differs"),
    ("operator-matchAsRoot", "the result differs"),
    ("returnDocument-enum-invalid", "returnDocument"),
    ("schemaVersion-unsupported", "schemaVersion 0.1.0 is not supported"),
];

/// Whether the cases of a folder must fail.
pub fn must_fail(directory: &str) -> bool {
    directory == "unified-test-format/tests/valid-fail"
}

/// How the cases of a file must fail, if they must.
pub fn expected_failure(file: &TestFile) -> Option<&'static str> {
    let (directory, name) = file.path.rsplit_once('/')?;
    let name = Some(name.trim_end_matches(".json")).filter(|_| must_fail(directory))?;
    // A file that is not listed must fail as well.
    Some(VALID_FAIL.iter().find(|(listed, _)| *listed == name).map_or("", |(_, sentence)| sentence))
}

/// The verdict on a case that must fail in this way, or must not.
pub fn judge(ended: Checked<Ended>, must_fail: Option<&str>) -> Verdict {
    let Some(sentence) = must_fail else {
        return ended.map_or_else(Failure::verdict, Verdict::from);
    };
    match ended {
        Ok(Ended::Done) => Verdict::Failed("it passed, but must fail".to_owned()),
        Ok(ended) => ended.into(),
        Err(Failure::Case(reason)) if reason.contains(sentence) => Verdict::Passed,
        Err(Failure::Case(reason)) => {
            Verdict::Failed(format!("it failed, but not by '{sentence}': {reason}"))
        }
        Err(other) => other.verdict(),
    }
}
