//! Whom a server did not believe.

use std::sync::Arc;

use super::Error;

/// What was tried when a [`Kind::Authentication`](super::Kind::Authentication) error came. The
/// password is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticationFailure {
    /// The mechanism, as servers name it: `SCRAM-SHA-256`.
    pub mechanism: &'static str,
    /// The database that should know the user (`authSource`).
    pub source: String,
    /// The user, if one was named.
    pub user: Option<String>,
}

impl Error {
    /// What was tried, if this is a [`Kind::Authentication`](super::Kind::Authentication) error.
    pub fn authentication_failure(&self) -> Option<&AuthenticationFailure> {
        self.inner.authentication.as_deref()
    }

    pub(crate) fn with_authentication_failure(mut self, failure: AuthenticationFailure) -> Self {
        self.inner.authentication = Some(Arc::new(failure));
        self
    }
}
