//! Cases of the unified test format: a file is held against the schema of its version, and
//! each of its tests runs against a real server, through the driver's public interface.
//!
//! ```text
//! mod           which cases a file has, and on which server one runs
//! conformance   files that must be refused, and cases that must fail
//! run           one case, from its data to its outcome
//! operation     one operation, performed and compared
//! operations/   the table of all operations, and a file for each family
//! entities, client, thread, world    what a case works with
//! recorder, logs    what is told of a client
//! expect_*      what it compares
//! servers, log_in    real servers, each for one directory
//! over, tunnel    TLS and users for all of them
//! stand_in      in front of one, for what it lacks
//! plain/        what needs no server: schema, matching, requirements
//! ```
//!
//! A new family of operations is a file in `operations/` and its rows in the table there.

mod arguments;
#[path = "../../trust/tls/authority.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "made for tests of certificates, which need more of it")]
mod authority;
mod client;
mod conformance;
mod entities;
mod expect_error;
mod expect_events;
mod expect_logs;
mod failure;
mod log_in;
mod logs;
mod operation;
mod operations;
mod options;
mod over;
mod plain;
mod recorder;
mod run;
mod servers;
mod stand_in;
mod thread;
mod tunnel;
mod world;

use std::path::Path;
use std::sync::Arc;

use bson::{Bson, Document};
use serde_json::Value;
use test_support::block_on;

use self::failure::{Checked, Failure};
use self::plain::requirements::met;
use self::plain::schema::{Violation, violations};
use self::plain::version::Version;
use self::run::UnifiedCase;
pub use self::servers::Servers;
use self::servers::{Mode, are_there, deployments};
use crate::case::{Case, Context, Verdict};
use crate::corpus::TestFile;
use crate::json;

/// The newest version of the format that is understood here; older ones are a part of it.
const NEWEST: Version = Version { major: 1, minor: 28, patch: 0 };

/// One case for each test of a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    if let Some(cases) = conformance::refusals(file, content) {
        return cases;
    }
    let must_fail = conformance::expected_failure(file);
    let content = Arc::new(content.clone());
    let tests = content.get("tests").and_then(Value::as_array).map_or(0, Vec::len);
    let case = |index: usize| {
        let test = &content["tests"][index];
        let name = match test.get("description").and_then(Value::as_str) {
            None | Some("") => format!("#{}", index + 1),
            Some(name) => name.to_owned(),
        };
        let (content, directory) = (content.clone(), file.directory().to_owned());
        let body = move |context: &Context| {
            let ended =
                check(&content, &context.source).and_then(|()| run(&content, index, &directory, context));
            conformance::judge(ended, must_fail)
        };
        let lane = Some(file.directory().to_owned());
        Case { lane, body: Box::new(body), ..Case::new(file, &name, |_| Ok(())) }
    };
    (0..tests).map(case).collect()
}

/// How a case ends that neither succeeds nor fails.
enum Ended {
    Done,
    Elsewhere(String),
}

/// Holds a file against the schema of its version.
fn check(content: &Value, source: &Path) -> Checked {
    let found = refusal(content, source)?;
    match found.first() {
        None => Ok(()),
        Some(Violation { path, keyword, sentence }) => {
            Err(Failure::Case(format!("the file breaks its schema at '{path}' ({keyword}): {sentence}")))
        }
    }
}

/// What is wrong with a file, by the schema of its version. A version that is not known is
/// an error.
fn refusal(content: &Value, source: &Path) -> Checked<Vec<Violation>> {
    // Without a version that can be read, any schema says so.
    let version = content.get("schemaVersion").and_then(Value::as_str);
    let version = version.and_then(|text| Version::parse(text).ok()).unwrap_or(NEWEST);
    if version.major != NEWEST.major || version > NEWEST {
        return Err(Failure::Case(format!("schemaVersion {version} is not supported")));
    }
    let name = format!("unified-test-format/schema-{}.{}.json", version.major, version.minor);
    let text = std::fs::read_to_string(source.join(&name));
    let text = text.map_err(|error| Failure::Surroundings(format!("{name}: {error}")))?;
    let schema: Value =
        serde_json::from_str(&text).map_err(|error| Failure::Surroundings(error.to_string()))?;
    violations(&schema, content).map_err(Failure::Surroundings)
}

/// Runs a test on the first kind of server that meets its requirements.
fn run(content: &Value, index: usize, directory: &str, context: &Context) -> Checked<Ended> {
    let file = json::document(content)?;
    let test = file.get_array("tests").ok().and_then(|tests| tests.get(index)?.as_document());
    let test = test.ok_or("the file has no such test")?.clone();
    if let Ok(reason) = test.get_str("skipReason") {
        return Ok(Ended::Elsewhere(format!("the case says: {reason}")));
    }
    if !are_there() {
        let reason = "the real server is not installed (`cargo xtask test` does it)";
        return Err(Failure::NotBuilt(reason.to_owned()));
    }
    let mode = match mode(&file, &test)? {
        Ok(mode) => mode,
        Err(reason) => return Ok(Ended::Elsewhere(reason)),
    };
    let list = |key| file.get_array(key).cloned().unwrap_or_default();
    let case = UnifiedCase { entities: list("createEntities"), initial_data: list("initialData"), test };
    let server = Arc::new(context.servers.take(directory, mode).map_err(Failure::Surroundings)?);
    let judged = block_on(case.run(&server));
    // After a failure that nobody expects, nobody knows what the server is left with.
    let expected = conformance::must_fail(directory);
    if expected || matches!(judged, Ok(()) | Err(Failure::NotBuilt(_) | Failure::Later(_))) {
        // A thread of the case may still hold it, and then nobody else gets it.
        if let Some(server) = Arc::into_inner(server) {
            context.servers.give_back(directory, mode, server);
        }
    }
    judged.map(|()| Ended::Done)
}

/// The kind of server that a test runs on, or why there is none.
fn mode(file: &Document, test: &Document) -> Checked<Result<Mode, String>> {
    let list = |of: &Document| of.get_array("runOnRequirements").ok().cloned();
    let (of_file, of_test) = (list(file), list(test));
    let mut first = None;
    for (mode, deployment) in deployments().map_err(Failure::Surroundings)? {
        let meets = |list: &Option<Vec<Bson>>| met(list.as_deref(), deployment);
        match meets(&of_file).and_then(|()| meets(&of_test)) {
            Ok(()) => return Ok(Ok(*mode)),
            Err(reason) => first.get_or_insert(reason),
        };
    }
    Ok(Err(first.unwrap_or_default()))
}

impl From<Ended> for Verdict {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::Passed,
            Ended::Elsewhere(reason) => Self::elsewhere(reason),
        }
    }
}
