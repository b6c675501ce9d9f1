//! What a case is, and what can become of it.

use std::path::PathBuf;
use std::time::Duration;

use crate::tally::{Fate, Sort};
use crate::unified::Servers;

/// How long a case may take if its family does not say otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What every case may look at, found out once before the first of them runs.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The folder of the corpus.
    pub source: PathBuf,
    /// Servers for those that need one.
    pub servers: Servers,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that the case asks for came true.
    Passed,
    /// What did not.
    Failed(String),
    /// Why it was not run, or not to its end.
    Skipped(Skip),
}

/// Why a case was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    pub sort: Sort,
    pub reason: String,
}

impl Verdict {
    /// The driver has nothing for it, which is part of `what`.
    pub fn not_built(what: String) -> Self {
        Self::Skipped(Skip { sort: Sort::Open, reason: format!("not built: {what}") })
    }

    /// The driver has nothing for it yet, and it is known that this follows.
    pub fn later(what: &str) -> Self {
        Self::Skipped(Skip { sort: Sort::Later, reason: what.to_owned() })
    }

    /// It is for another deployment.
    pub fn elsewhere(reason: String) -> Self {
        Self::Skipped(Skip { sort: Sort::Elsewhere, reason })
    }

    /// As it is counted.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Passed => Fate::Passed,
            Self::Failed(_) => Fate::Failed,
            Self::Skipped(skip) => Fate::Skipped(skip.sort),
        }
    }
}

impl From<Result<(), String>> for Verdict {
    fn from(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(reason) => Self::Failed(reason),
        }
    }
}

/// The body of a case. It may panic, and it may take too long.
pub type Body = Box<dyn FnOnce(&Context) -> Verdict + Send>;

/// One official case, ready to run.
pub struct Case {
    /// The folder it is counted under, below `source`.
    pub directory: String,
    /// `folder/file.json: description`; unique.
    pub name: String,
    /// Why it can't be run here, found out from the case or the server alone.
    pub skip: Option<Skip>,
    /// Cases of one lane run one after the other, in their order.
    pub lane: Option<String>,
    /// When it counts as failed.
    pub time_limit: Duration,
    /// What it does.
    pub body: Body,
}

impl Case {
    /// A case that runs `body`.
    pub fn new(
        file: &crate::corpus::TestFile,
        description: &str,
        body: impl FnOnce(&Context) -> Result<(), String> + Send + 'static,
    ) -> Self {
        let name = match description {
            "" => file.path.clone(),
            description => format!("{}: {description}", file.path),
        };
        Self {
            directory: file.directory().to_owned(),
            name,
            skip: None,
            lane: None,
            time_limit: TIME_LIMIT,
            body: Box::new(move |context| body(context).into()),
        }
    }

    /// A case that applies and is not run, and why.
    pub fn skipped(file: &crate::corpus::TestFile, description: &str, reason: String) -> Self {
        Self::skipped_as(Sort::Open, file, description, reason)
    }

    /// The same, of any sort.
    pub fn skipped_as(sort: Sort, file: &crate::corpus::TestFile, description: &str, reason: String) -> Self {
        let skip = Some(Skip { sort, reason });
        Self { skip, ..Self::new(file, description, |_| Err("a skipped case was run".into())) }
    }
}
