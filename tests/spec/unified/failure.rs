//! Why an operation, or a whole case, can't go on.

use actix_mongo::Error;

use crate::case::Verdict;

/// See the module.
#[derive(Debug)]
pub enum Failure {
    /// An error of the driver's, which the case may expect.
    Driver(Box<Error>),
    /// What the case asks for is not what happened, or it asks for something that can't be.
    Case(String),
    /// It asks for something that the driver does not have yet.
    NotBuilt(String),
    /// The same, of a feature that is known to follow.
    Later(&'static str),
    /// The runner's own surroundings failed: a server that does not start, say.
    Surroundings(String),
}

/// For what the runner itself has to say.
pub type Checked<T = ()> = Result<T, Failure>;

impl Failure {
    /// The sentence, with what it belongs to in front.
    pub fn at(self, place: impl std::fmt::Display) -> Self {
        match self {
            Self::Case(reason) => Self::Case(format!("{place}: {reason}")),
            Self::Driver(error) => Self::Case(format!("{place}: unexpected error: {error:?}")),
            other => other,
        }
    }

    /// What becomes of a case that ends with this.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Driver(error) => Verdict::Failed(format!("unexpected error: {error:?}")),
            Self::Case(reason) | Self::Surroundings(reason) => Verdict::Failed(reason),
            Self::NotBuilt(reason) => Verdict::not_built(reason),
            Self::Later(feature) => Verdict::later(feature),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(Box::new(error))
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Case(reason)
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        Self::Case(reason.to_owned())
    }
}
