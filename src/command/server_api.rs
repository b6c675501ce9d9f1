//! The API version that a connection declares with every command (stable API specification).

use crate::wire::ElementWriter;

/// A version of the server's API that commands are bound to, so that they mean the same on
/// every server that has it, however new. Given to
/// [`Builder::server_api`](crate::Builder::server_api), and the same for all calls of a
/// connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerApi {
    /// Which version.
    pub version: ServerApiVersion,
    /// Whether what is not part of the version fails. `None` leaves it to the server, which
    /// takes it for false.
    pub strict: Option<bool>,
    /// Whether what the version holds for deprecated fails. `None` leaves it to the server,
    /// which takes it for false.
    pub deprecation_errors: Option<bool>,
}

/// A version of the server's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerApiVersion {
    /// The first.
    V1,
}

impl ServerApi {
    /// This version, and nothing said of the rest.
    pub fn new(version: ServerApiVersion) -> Self {
        Self { version, strict: None, deprecation_errors: None }
    }

    /// Sets [`strict`](Self::strict).
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = Some(strict);
        self
    }

    /// Sets [`deprecation_errors`](Self::deprecation_errors).
    #[must_use]
    pub fn deprecation_errors(mut self, errors: bool) -> Self {
        self.deprecation_errors = Some(errors);
        self
    }

    /// Appends the declaration to a command.
    pub(crate) fn write(&self, command: &mut ElementWriter<'_>) {
        command.str("apiVersion", self.version.name());
        if let Some(strict) = self.strict {
            command.bool("apiStrict", strict);
        }
        if let Some(errors) = self.deprecation_errors {
            command.bool("apiDeprecationErrors", errors);
        }
    }
}

impl ServerApiVersion {
    /// The version as servers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "1",
        }
    }
}
