//! `spec`: the official cases.

use crate::process::{self, Failure, Outcome};
use crate::servers::Servers;
use serde_json::Value;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use test_support::real_server::installed;

/// The variable that names a checkout of the specifications.
pub const CORPUS: &str = "MONGODB_SPECIFICATIONS";

/// Options that every connection of the cases gets besides its own.
const OPTIONS_VARIABLE: &str = "ACTIX_MONGO_TEST_OPTIONS";
/// What they go over besides a bare socket.
const OVER_VARIABLE: &str = "ACTIX_MONGO_TEST_OVER";

/// The directory whose cases are to pass over every kind of connection.
const EVERYDAY: &str = "crud";

/// Which cases.
#[derive(clap::Args)]
pub struct Arguments {
    /// Options for all connections of unified cases, as in a connection string: `compressors=zstd`
    #[arg(long, value_name = "NAME=VALUE[&...]")]
    with: Option<String>,
    /// Unified cases on servers that speak TLS alone, want a user, or both: `tls,auth`
    #[arg(long, value_name = "WHAT[,...]", value_delimiter = ',')]
    over: Vec<Over>,
    /// Directories of the checkout; all if none is named
    directories: Vec<String>,
}

/// What connections go over besides a bare socket.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Over {
    /// Encrypted, with certificates made for it
    Tls,
    /// As a user with a password
    Auth,
}

impl Over {
    fn word(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Auth => "auth",
        }
    }
}

/// What connections of cases are like.
#[derive(Default)]
pub struct Connections {
    with: Option<String>,
    over: Vec<Over>,
}

impl Connections {
    /// Each kind over which the cases of [`EVERYDAY`] are to pass, with its name.
    pub fn kinds() -> impl Iterator<Item = (String, Self)> {
        let over = [vec![Over::Tls], vec![Over::Auth]].into_iter().map(|over| (None, over));
        let packed = ["snappy", "zlib", "zstd"].map(|name| (Some(format!("compressors={name}")), Vec::new()));
        over.chain(packed).map(|(with, over)| Self { with, over }).map(|kind| (kind.name(), kind))
    }

    fn name(&self) -> String {
        let over = self.over.iter().map(|it| format!(" over {}", it.word()));
        let with = self.with.iter().map(|it| format!(" with {it}"));
        EVERYDAY.to_owned() + &over.chain(with).collect::<String>()
    }

    /// The cases that show it.
    pub fn directories() -> Vec<String> {
        vec![EVERYDAY.to_owned()]
    }

    /// Tells the cases.
    pub fn tell(&self, cases: &mut Command) {
        if let Some(options) = &self.with {
            cases.env(OPTIONS_VARIABLE, options);
        }
        if !self.over.is_empty() {
            let words: Vec<_> = self.over.iter().map(|it| it.word()).collect();
            cases.env(OVER_VARIABLE, words.join(","));
        }
    }
}

/// Runs the cases and passes their exit code on.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    check_corpus().map_err(Failure::Because)?;
    let servers = installed().map(Servers::start).transpose()?;
    if servers.is_none() {
        eprintln!("The real server is not installed (`cargo xtask test` does it).");
    }
    let connections = Connections { with: arguments.with, over: arguments.over };
    let outcome = run_cases(&arguments.directories, |cases| {
        if let Some(servers) = &servers {
            servers.tell(cases);
        }
        connections.tell(cases);
    })?;
    Ok(outcome.exit_code())
}

/// Builds the cases and runs them without cargo, which would have the last word
/// if one fails; that belongs to the line with the counts.
pub fn run_cases(directories: &[String], prepare: impl FnOnce(&mut Command)) -> Result<Outcome, Failure> {
    let mut build = process::cargo(&["test", "-p", "actix-mongo", "--all-features"]);
    build.args(["--test", "spec", "--no-run", "--message-format", "json-render-diagnostics"]);
    let (outcome, messages) = process::read(build)?;
    if !outcome.is_success() {
        return Ok(outcome);
    }
    let Some((binary, folder)) = built(&messages) else {
        return Err(Failure::Because("cargo does not say where it built the cases".into()));
    };
    let mut cases = Command::new(binary);
    // Where cargo would run it.
    cases.args(directories).current_dir(folder);
    prepare(&mut cases);
    process::run(cases)
}

/// The binary of the cases and the folder of its package, by cargo's messages.
fn built(messages: &str) -> Option<(PathBuf, PathBuf)> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        if message["target"]["name"] != "spec" || message["target"]["kind"][0] != "test" {
            return None;
        }
        let manifest = Path::new(message["manifest_path"].as_str()?);
        Some((message["executable"].as_str()?.into(), manifest.parent()?.to_owned()))
    })
}

/// Says what is wrong with the corpus, if anything.
pub fn check_corpus() -> Result<(), String> {
    match env::var_os(CORPUS).filter(|it| !it.is_empty()) {
        None => Err(format!(
            "{CORPUS} is not set: it must name a checkout of \
             https://github.com/mongodb/specifications"
        )),
        Some(corpus) if !Path::new(&corpus).is_dir() => {
            Err(format!("{CORPUS} names {}, which is not a folder", corpus.display()))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variables that the cases are told.
    fn told(connections: &Connections) -> Vec<(String, String)> {
        let mut cases = Command::new("cases");
        connections.tell(&mut cases);
        let text = |it: &std::ffi::OsStr| it.to_string_lossy().into_owned();
        cases.get_envs().map(|(name, value)| (text(name), value.map(text).unwrap_or_default())).collect()
    }

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn each_kind_of_connection_is_named_and_told() {
        let kinds: Vec<_> = Connections::kinds().map(|(name, kind)| (name, told(&kind))).collect();
        let (over, with) = ("ACTIX_MONGO_TEST_OVER", "ACTIX_MONGO_TEST_OPTIONS");
        let expected = [
            ("crud over tls", variable(over, "tls")),
            ("crud over auth", variable(over, "auth")),
            ("crud with compressors=snappy", variable(with, "compressors=snappy")),
            ("crud with compressors=zlib", variable(with, "compressors=zlib")),
            ("crud with compressors=zstd", variable(with, "compressors=zstd")),
        ];
        assert_eq!(kinds, expected.map(|(name, variable)| (name.to_owned(), vec![variable])));
    }

    #[test]
    fn several_are_told_at_once_and_none_is_not() {
        let all = Connections { with: Some("a=1".to_owned()), over: vec![Over::Tls, Over::Auth] };
        let expected =
            [variable("ACTIX_MONGO_TEST_OPTIONS", "a=1"), variable("ACTIX_MONGO_TEST_OVER", "tls,auth")];
        assert_eq!(told(&all), expected);
        assert_eq!(told(&Connections::default()), []);
    }
}
