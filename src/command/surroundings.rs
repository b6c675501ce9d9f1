//! The machine and process that client metadata tells of.
//!
//! Everything that depends on the machine is gathered here, once per connection and by
//! whoever builds it; the rest of this folder works on the result.

use std::collections::HashMap;
use std::path::Path;

/// What there is to know about where this process runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The values of [`VARIABLES`], those that are set and not empty.
    variables: HashMap<&'static str, String>,
    /// The file `/.dockerenv` exists.
    pub docker: bool,
    /// The operating system's full name.
    pub os_name: Option<String>,
    /// The operating system's version.
    pub os_version: Option<String>,
}

/// The environment variables that metadata looks at (handshake specification, `client.env`).
const VARIABLES: [&str; 13] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "FUNCTIONS_WORKER_RUNTIME",
    "K_SERVICE",
    "FUNCTION_NAME",
    "FUNCTION_MEMORY_MB",
    "FUNCTION_TIMEOUT_SEC",
    "FUNCTION_REGION",
    "VERCEL",
    "VERCEL_REGION",
    "KUBERNETES_SERVICE_HOST",
];

impl Surroundings {
    /// Those of this process. Reads two small files; a lack of them is no error.
    pub fn here() -> Self {
        let mut here = Self::with_variables(|name| std::env::var(name).ok());
        here.docker = Path::new("/.dockerenv").exists();
        if let Ok(release) = std::fs::read_to_string("/etc/os-release") {
            here.read_os_release(&release);
        }
        here
    }

    /// Those of a bare machine where `lookup` gives the environment.
    pub fn with_variables(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&'static str| Some((*name, lookup(name).filter(|value| !value.is_empty())?));
        Self { variables: VARIABLES.iter().filter_map(set).collect(), ..Self::default() }
    }

    /// The value of an environment variable, if it is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn read_os_release(&mut self, text: &str) {
        for line in text.lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            match key.trim() {
                "PRETTY_NAME" if !value.is_empty() => self.os_name = Some(value.to_owned()),
                "VERSION_ID" if !value.is_empty() => self.os_version = Some(value.to_owned()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let lookup = |name: &str| match name {
            "VERCEL" => Some("1".to_owned()),
            "K_SERVICE" => Some(String::new()),
            _ => None,
        };
        let surroundings = Surroundings::with_variables(lookup);
        assert_eq!(surroundings.variable("VERCEL"), Some("1"));
        assert_eq!(surroundings.variable("K_SERVICE"), None);
    }

    #[test]
    fn the_release_file_gives_name_and_version() {
        let mut surroundings = Surroundings::default();
        surroundings
            .read_os_release("ID=x\nPRETTY_NAME=\"Some Linux 12 (name)\"\nnonsense\nVERSION_ID='12'\n");
        assert_eq!(surroundings.os_name.as_deref(), Some("Some Linux 12 (name)"));
        assert_eq!(surroundings.os_version.as_deref(), Some("12"));
    }
}
