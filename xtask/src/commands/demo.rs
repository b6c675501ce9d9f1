//! `demo`: the quick start on a real server.

use crate::process::{self, Failure};
use std::env;
use std::process::ExitCode;
use test_support::real_server::{Options, RealServer};

/// The variable by which a user names a server to use instead.
const URI: &str = "MONGODB_URI";

/// None.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs the example and passes its exit code on.
pub fn run(_: Arguments) -> Result<ExitCode, Failure> {
    // Not quiet: the first build takes a while.
    let mut example = process::cargo(&["run", "-p", "actix-mongo", "--example", "quickstart"]);
    // Stopped when dropped, after the example has ended.
    let mut server = None;
    match env::var_os(URI).filter(|uri| !uri.is_empty()) {
        Some(uri) => eprintln!("Using {URI} ({})", masked(&uri.to_string_lossy())),
        None => {
            let binary = process::installed_server()?;
            let started = RealServer::start(Options::new().binary(binary))?;
            example.env(URI, started.uri());
            eprintln!("Started a server at {}", started.uri());
            server = Some(started);
        }
    }
    let outcome = process::run(example)?;
    if let Some(server) = server {
        server.stop();
        eprintln!("Stopped the server");
    }
    Ok(outcome.exit_code())
}

/// A connection string without its secrets: the user, and the options, some of
/// which are passwords too.
fn masked(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").map_or(("", uri), |(scheme, rest)| (scheme, rest));
    let (hosts, options) = rest.split_once('?').map_or((rest, ""), |(hosts, options)| (hosts, options));
    // One in the options may belong to a password with a `?` in it.
    let hosts = match (hosts.rsplit_once('@'), options.contains('@')) {
        (_, true) => "***".to_owned(),
        (Some((_, hosts)), false) => format!("***@{hosts}"),
        (None, false) => hosts.to_owned(),
    };
    let separator = if scheme.is_empty() { "" } else { "://" };
    let options = if options.is_empty() { "" } else { "?***" };
    format!("{scheme}{separator}{hosts}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (uri, shown) in [
            ("mongodb://localhost:27017", "mongodb://localhost:27017"),
            ("mongodb://bob:hunter2@a:1,b:2/db", "mongodb://***@a:1,b:2/db"),
            ("mongodb+srv://bob@a/?tlsCertificateKeyFilePassword=hunter2", "mongodb+srv://***@a/?***"),
            ("mongodb://a/?replicaSet=rs", "mongodb://a/?***"),
            // Not as it should be, still secret.
            ("mongodb://bob:hun/ter@2@a/", "mongodb://***@a/"),
            ("mongodb://bob:hunter?2@a/", "mongodb://***?***"),
            ("bob:hunter2@a", "***@a"),
            ("", ""),
        ] {
            assert_eq!(masked(uri), shown, "{uri}");
        }
    }
}
