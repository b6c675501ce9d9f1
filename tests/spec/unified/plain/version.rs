//! Versions of servers and of the format: one to three numbers.

use std::fmt;

/// `major.minor.patch`; what a text leaves out is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Reads `8`, `8.2`, `8.2.11`; what follows a third number, or a `-`, does not count.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split('-').next().unwrap_or_default();
        let mut parts = numbers.split('.').take(3).map(str::parse::<u32>);
        let mut next = || parts.next().transpose().map_err(|_| format!("not a version: {text:?}"));
        let major = next()?.ok_or_else(|| format!("not a version: {text:?}"))?;
        Ok(Self { major, minor: next()?.unwrap_or(0), patch: next()?.unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
