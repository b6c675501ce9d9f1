//! The handle of a running server.

use super::guard::Guard;
use super::{Error, because, install};
#[cfg(target_os = "linux")]
use crate::poll;
use crate::scripted::Client;
use bson::doc;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The user of a server with [`Options::auth`].
pub const USER: &str = "admin";
/// The password of [`USER`].
pub const PASSWORD: &str = "secret";

/// Lines of the log in the message of a failed start.
const LOG_LINES: usize = 20;
/// A killed process is gone within this, on a machine that is busy.
const DEATH: Duration = Duration::from_secs(20);

/// How a server is started. The default is a replica set of one member without
/// authentication, as most tests want it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    binary: Option<PathBuf>,
    arguments: Vec<OsString>,
    /// Not before the first user was created.
    tls: Vec<OsString>,
    auth: bool,
}

impl Options {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another binary than the installed one.
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = Some(binary.into());
        self
    }

    /// No replica set, so no change streams and no transactions.
    pub fn standalone(self) -> Self {
        self.argument("--standalone")
    }

    /// Commands other than the handshake need a user; there is one, [`USER`]
    /// with [`PASSWORD`], who may do everything.
    pub fn auth(mut self) -> Self {
        self.auth = true;
        self.argument("--auth")
    }

    /// It speaks TLS alone, with the certificate in this file (and those between it and a
    /// known authority) and the key in that one.
    pub fn tls(mut self, certificate: impl Into<OsString>, key: impl Into<OsString>) -> Self {
        self.tls.extend(["--tls-cert-file".into(), certificate.into(), "--tls-key-file".into(), key.into()]);
        self
    }

    /// With TLS: clients may show a certificate of an authority in this file.
    pub fn tls_clients(mut self, authorities: impl Into<OsString>) -> Self {
        self.tls.extend(["--tls-ca-file".into(), authorities.into()]);
        self
    }

    /// With [`tls_clients`](Self::tls_clients): they must.
    pub fn require_client_certificate(mut self) -> Self {
        self.tls.push("--tls-require-client-cert".into());
        self
    }

    /// One more argument for the server.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }
}

/// A running server with a temporary store. Dropping it stops the server and
/// removes the store; so does the end of this process, however it ends.
pub struct RealServer {
    guard: Guard,
    folder: PathBuf,
    binary: PathBuf,
    arguments: Vec<OsString>,
    auth: bool,
    pid: u32,
    port: u16,
}

impl RealServer {
    /// Starts a server on a free port. It listens when this returns.
    ///
    /// Installs nothing; [`super::ensure_installed`] does.
    pub fn start(mut options: Options) -> Result<Self, Error> {
        // The first user is created over a plain socket.
        if !options.auth {
            options.arguments.append(&mut options.tls);
        }
        let Some(binary) = options.binary.or_else(install::installed) else {
            return Err(Error::new(
                "the server is not installed; `cargo xtask test` or `cargo xtask server` does it",
            ));
        };
        // Not removed when dropped: that is the guard's duty from the next line.
        let folder = tempfile::Builder::new()
            .prefix("actix-mongo-server-")
            .tempdir()
            .map_err(because("creating a temporary folder"))?
            .keep();
        let command = command(&binary, &folder, 0, &options.arguments);
        let mut guard = Guard::start(&folder, &command)?;
        let started = guard.go().map_err(|error| with_log(error, &folder))?;
        let mut server = Self {
            guard,
            folder,
            binary,
            arguments: options.arguments,
            auth: options.auth,
            pid: started.pid,
            port: started.port,
        };
        if server.auth {
            server.create_user()?;
            if !options.tls.is_empty() {
                server.arguments.extend(options.tls);
                server.restart()?;
            }
        }
        Ok(server)
    }

    /// A connection string for it, with the user if it needs one.
    pub fn uri(&self) -> String {
        match self.auth {
            true => format!("mongodb://{USER}:{PASSWORD}@{}/", self.address()),
            false => format!("mongodb://{}/", self.address()),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The folder of its store and its log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its binary.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Stops it and removes its store.
    pub fn stop(self) {}

    /// Kills it (SIGKILL), as a crash would; the store stays for
    /// [`RealServer::restart`].
    pub fn kill(&mut self) -> Result<(), Error> {
        self.guard.signal("KILL")?;
        match self.guard.wait_for_death(DEATH) {
            true => Ok(()),
            false => Err(Error::new(format!("the server outlives SIGKILL by {DEATH:?}"))),
        }
    }

    /// Starts it again on its port with its store; stops it first if it runs.
    pub fn restart(&mut self) -> Result<(), Error> {
        let command = command(&self.binary, &self.folder, self.port, &self.arguments);
        // The new guard answers for the folder before the old one lets go of it.
        let new = Guard::start(&self.folder, &command)?;
        std::mem::replace(&mut self.guard, new).hand_over()?;
        let started = self.guard.go();
        self.pid = started.map_err(|error| with_log(error, &self.folder))?.pid;
        Ok(())
    }

    /// Whether the server has ended by itself.
    pub fn has_died(&self) -> bool {
        self.guard.wait_for_death(Duration::ZERO)
    }

    /// Stops it in its tracks (SIGSTOP): its sockets stay open and silent. On Linux all of it
    /// stands still when this returns; the signal takes each thread a moment.
    pub fn freeze(&mut self) -> Result<(), Error> {
        self.guard.signal("STOP")?;
        #[cfg(target_os = "linux")]
        if !poll::holds_within(DEATH, || stands_still(self.pid)) {
            return Err(Error::new(format!("the server goes on {DEATH:?} after SIGSTOP")));
        }
        Ok(())
    }

    /// Lets it go on after [`RealServer::freeze`].
    pub fn thaw(&mut self) -> Result<(), Error> {
        self.guard.signal("CONT")
    }

    /// The first user may be created by anybody on the same machine.
    fn create_user(&self) -> Result<(), Error> {
        let command = doc! { "createUser": USER, "pwd": PASSWORD, "roles": ["root"], "$db": "admin" };
        let what = "creating the first user";
        let mut client = Client::try_connect(self.address()).map_err(because(what))?;
        let reply = client.run(command).map_err(because(what))?;
        match reply.get_f64("ok") {
            Ok(1.0) => Ok(()),
            _ => Err(because(what)(reply)),
        }
    }
}

#[cfg(target_os = "linux")]
fn stands_still(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    // The state stands behind the name, which is in brackets. A thread that ended has none.
    let mut states = threads.filter_map(|it| fs::read_to_string(it.ok()?.path().join("stat")).ok());
    states.all(|state| state.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')))
}

fn command(binary: &Path, folder: &Path, port: u16, arguments: &[OsString]) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec![binary.into(), "--port".into()];
    command.push(port.to_string().into());
    command.extend(["--storage-path".into(), folder.join("store").into()]);
    // Fail points need the first; the others keep many servers small.
    command.extend(
        ["--enable-test-commands", "--log-level", "ERROR", "--log-file-max", "8MB", "--cache-size", "256M"]
            .map(OsString::from),
    );
    command.extend_from_slice(arguments);
    command
}

/// Adds the last lines of the server's log to the error.
fn with_log(error: Error, folder: &Path) -> Error {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
    match tail.is_empty() {
        true => Error::new(format!("{error}; its log is empty")),
        false => Error::new(format!("{error}; its log ends with\n  {tail}")),
    }
}
