//! What libraries that build on this crate add to the client metadata (handshake
//! specification, "Supporting Wrapping Libraries").

use crate::error::{Error, Kind, Result};

/// What stands between what this crate says of itself and what libraries add.
pub const DELIMITER: char = '|';

/// A library that builds on this crate, as servers are to see it in their logs. Given to
/// [`Builder::driver_info`](crate::Builder::driver_info), or later to
/// [`Connection::append_metadata`](crate::Connection::append_metadata).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverInfo {
    name: String,
    version: Option<String>,
    platform: Option<String>,
}

impl DriverInfo {
    /// A library of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, platform: None }
    }

    /// Its version. An empty one is none.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into()).filter(|version| !version.is_empty());
        self
    }

    /// What it runs on. An empty one is none.
    #[must_use]
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into()).filter(|platform| !platform.is_empty());
        self
    }

    /// Fails if a field has the character that fields are put together with.
    pub(crate) fn check(&self) -> Result<()> {
        let fields = [Some(&self.name), self.version.as_ref(), self.platform.as_ref()];
        match fields.into_iter().flatten().find(|field| field.contains(DELIMITER)) {
            None => Ok(()),
            Some(field) => {
                let sentence = format!("client metadata must not contain {DELIMITER:?}, but {field:?} does");
                Err(Error::new(Kind::InvalidArgument, sentence))
            }
        }
    }

    /// Appends each field to the one it belongs to.
    pub(super) fn append(&self, name: &mut String, version: &mut String, platform: &mut String) {
        let version_of = self.version.as_deref().unwrap_or_default();
        let platform_of = self.platform.as_deref().unwrap_or_default();
        for (to, what) in [(name, self.name.as_str()), (version, version_of), (platform, platform_of)] {
            if !what.is_empty() {
                to.push(DELIMITER);
                to.push_str(what);
            }
        }
    }
}
