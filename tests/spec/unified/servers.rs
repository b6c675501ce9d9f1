//! Real servers for cases. A fail point holds for a whole server, so each directory has
//! servers of its own, and its cases run one after the other on them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bson::{Bson, Document, doc};
use test_support::RealServer;
use test_support::real_server::{Options, PASSWORD, USER, installed};
use test_support::scripted::Client;

use super::log_in::log_in;
use super::over::{Certificates, Over};
use super::plain::requirements::Deployment;
use super::plain::version::Version;
use super::tunnel::Tunnel;

/// How a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    ReplicaSet,
    Standalone,
    /// They want a user.
    GuardedReplicaSet,
    GuardedStandalone,
}

impl Mode {
    /// In the order in which a case that may run on several takes them.
    const ALL: [Self; 4] =
        [Self::ReplicaSet, Self::Standalone, Self::GuardedReplicaSet, Self::GuardedStandalone];

    /// Those that this run has.
    fn allowed(over: Over) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |mode| mode.wants_user() || !over.auth)
    }

    fn options(self) -> Options {
        match self {
            Self::ReplicaSet => Options::new(),
            Self::Standalone => Options::new().standalone(),
            Self::GuardedReplicaSet => Options::new().auth(),
            Self::GuardedStandalone => Options::new().standalone().auth(),
        }
    }

    fn topology(self) -> &'static str {
        match self {
            Self::ReplicaSet | Self::GuardedReplicaSet => "replicaset",
            Self::Standalone | Self::GuardedStandalone => "single",
        }
    }

    fn wants_user(self) -> bool {
        matches!(self, Self::GuardedReplicaSet | Self::GuardedStandalone)
    }
}

/// A server that one case has for itself while it runs.
pub struct Server {
    address: SocketAddr,
    mode: Mode,
    /// Past the driver: set-up and checks do not depend on what they judge.
    admin: Mutex<Client>,
    /// How it gets there, if the server speaks TLS.
    tunnel: Option<Tunnel>,
    certificates: Option<Certificates>,
    /// Runs until this is dropped.
    _real: Mutex<RealServer>,
}

impl Server {
    fn start(mode: Mode) -> Result<Self, String> {
        let certificates = Over::asked()?.tls.then(Certificates::new).transpose()?;
        let options = match &certificates {
            Some(own) => mode.options().tls(own.certificate(), own.key()),
            None => mode.options(),
        };
        let real = RealServer::start(options).map_err(|error| error.to_string())?;
        let address = real.address();
        let tunnel = certificates.as_ref().map(|own| Tunnel::into_tls(address, own)).transpose()?;
        let admin = Client::try_connect(tunnel.as_ref().map_or(address, Tunnel::address));
        let mut admin = admin.map_err(|error| format!("the server: {error}"))?;
        if mode.wants_user() {
            log_in(&mut admin, USER, PASSWORD)?;
        }
        let (admin, _real) = (Mutex::new(admin), Mutex::new(real));
        Ok(Self { address, mode, admin, tunnel, certificates, _real })
    }

    /// Its host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it understands plain text.
    pub fn plain_address(&self) -> SocketAddr {
        self.tunnel.as_ref().map_or(self.address, Tunnel::address)
    }

    /// By what it is known, if it speaks TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// What clients must know of it: options as in a connection string, not escaped.
    pub fn options(&self) -> Vec<(&'static str, String)> {
        let Some(own) = &self.certificates else { return Vec::new() };
        vec![("tls", "true".to_owned()), ("tlsCAFile", own.authority().display().to_string())]
    }

    /// What stands before the address in the connection strings of clients.
    pub fn user(&self) -> String {
        match self.mode.wants_user() {
            true => format!("{USER}:{PASSWORD}@"),
            false => String::new(),
        }
    }

    /// Runs a command; what the server answers, whatever that is.
    pub fn ask(&self, database: &str, mut command: Document) -> Result<Document, String> {
        command.insert("$db", database);
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        admin.run(command).map_err(|lost| format!("the server: {lost}"))
    }

    /// Runs a command that must succeed.
    pub fn run(&self, database: &str, command: Document) -> Result<Document, String> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let reply = self.ask(database, command)?;
        let refused = reply.contains_key("writeErrors") || reply.contains_key("writeConcernError");
        match reply.get_f64("ok") {
            Ok(1.0) if !refused => Ok(reply),
            _ => Err(format!("the server answers '{name}' of the runner with {reply}")),
        }
    }

    fn deployment(&self) -> Result<Deployment, String> {
        let build = self.run("admin", doc! { "buildInfo": 1 })?;
        let version = build.get_str("version").map_err(|error| error.to_string())?;
        let parameters = self.ask("admin", doc! { "getParameter": "*" })?;
        let (topology, auth) = (self.mode.topology(), self.mode.wants_user());
        Ok(Deployment { version: Version::parse(version)?, topology, auth, parameters })
    }
}

/// Options for every connection besides its own, as in a connection string.
const OPTIONS_VARIABLE: &str = "ACTIX_MONGO_TEST_OPTIONS";

/// They, each with its value.
pub fn extra_options() -> Vec<String> {
    let extra = std::env::var(OPTIONS_VARIABLE).unwrap_or_default();
    extra.split('&').filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

/// The servers of all directories. A clone is the same.
#[derive(Clone, Default)]
pub struct Servers(Arc<Mutex<BTreeMap<(String, Mode), Server>>>);

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Servers")
    }
}

impl Servers {
    /// The directory's server of that mode, started if there is none. It is the caller's.
    pub fn take(&self, directory: &str, mode: Mode) -> Result<Server, String> {
        let known = self.lock().remove(&(directory.to_owned(), mode));
        known.map_or_else(|| Server::start(mode), Ok)
    }

    /// Keeps a server for the directory's next case: one that is as it was found.
    pub fn give_back(&self, directory: &str, mode: Mode, server: Server) {
        self.lock().insert((directory.to_owned(), mode), server);
    }

    /// Stops the servers of a directory whose cases are over.
    pub fn stop(&self, directory: &str) {
        let mut servers = self.lock();
        let (theirs, others) =
            std::mem::take(&mut *servers).into_iter().partition(|((it, _), _)| it == directory);
        *servers = others;
        drop(servers);
        let _: BTreeMap<(String, Mode), Server> = theirs;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, Mode), Server>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What servers of each mode are, found out once.
pub fn deployments() -> Result<&'static [(Mode, Deployment)], String> {
    static KNOWN: OnceLock<Result<Vec<(Mode, Deployment)>, String>> = OnceLock::new();
    let look = || {
        let modes = Mode::allowed(Over::asked()?);
        modes.map(|mode| Ok((mode, Server::start(mode)?.deployment()?))).collect()
    };
    KNOWN.get_or_init(look).as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

/// Whether there is a binary to start servers from.
pub fn are_there() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| installed().is_some())
}

/// Puts documents into collections, as `initialData` asks.
pub fn fill(server: &Server, data: &[Bson]) -> Result<(), String> {
    for part in data.iter().filter_map(Bson::as_document) {
        let (database, collection) = namespace(part)?;
        server.ask(database, doc! { "drop": collection })?;
        let majority = doc! { "w": "majority" };
        let documents = part.get_array("documents").map_err(|error| error.to_string())?;
        let options = part.get_document("createOptions").ok();
        if options.is_some() || documents.is_empty() {
            let mut create = doc! { "create": collection };
            create.extend(options.cloned().unwrap_or_default());
            create.insert("writeConcern", majority.clone());
            server.run(database, create)?;
        }
        if !documents.is_empty() {
            let insert = doc! { "insert": collection, "documents": documents, "writeConcern": majority };
            server.run(database, insert)?;
        }
    }
    Ok(())
}

/// All documents of a collection, by `_id`.
pub fn contents(server: &Server, database: &str, collection: &str) -> Result<Vec<Document>, String> {
    let find = doc! { "find": collection, "sort": { "_id": 1 }, "singleBatch": true, "batchSize": 100_000 };
    let reply = server.run(database, find)?;
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let batch = batch.map_err(|error| error.to_string())?;
    Ok(batch.iter().filter_map(Bson::as_document).cloned().collect())
}

/// `databaseName` and `collectionName`.
pub fn namespace(of: &Document) -> Result<(&str, &str), String> {
    let field = |key| of.get_str(key).map_err(|error| error.to_string());
    Ok((field("databaseName")?, field("collectionName")?))
}
