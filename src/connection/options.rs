//! Everything that can be set for a connection, with the defaults, in one place; each
//! layer gets its own part.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::ArbiterHandle;

use super::uri::is_service_name;
use crate::actors::monitor::MonitoringMode;
use crate::actors::srv_poller::LEAST_RESCAN;
use crate::auth::{Authenticator, CLEARTEXT, Credential, Identity};
use crate::command::DriverInfo;
use crate::cursor_policy::{CursorManager, NamedManager};
use crate::dispatch::{DispatchOptions, Jitter, Scope};
use crate::dns::Resolver;
use crate::error::{Error, Kind, Result};
use crate::events::Listener;
use crate::pool::PoolOptions;
use crate::runtime::Runtime;
use crate::tls::TlsOptions;
use crate::topology::{ServerAddress, TopologySettings};
use crate::wire::Compressor;

/// `minHeartbeatFrequencyMS`, below which `heartbeatFrequencyMS` may not be set.
const MIN_HEARTBEAT: Duration = Duration::from_millis(500);

/// More data arbiters than any machine has cores for.
const MOST_ARBITERS: usize = 256;

/// The options of one connection.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Seeds, `directConnection`, `replicaSet`, `loadBalanced`.
    pub topology: TopologySettings,
    /// Sizes and limits of each pool.
    pub pool: PoolOptions,
    /// Selection, waiting and retries.
    pub dispatch: DispatchOptions,
    /// Who the user is, default nobody.
    pub credential: Option<Credential>,
    /// The database that knows the user, if the credential names none.
    pub auth_source: Option<String>,
    /// PLAIN may be used without TLS.
    pub allow_cleartext_password: bool,
    /// `connectTimeoutMS`, default 10 s; zero is none.
    pub connect_timeout: Option<Duration>,
    /// `tls` and its like; default off.
    pub tls: TlsOptions,
    /// `serverMonitoringMode`, default auto.
    pub monitoring: MonitoringMode,
    /// What the first handle hands down: `timeoutMS`, concerns, read preference.
    pub scope: Scope,
    /// The database of the connection string, default none.
    pub default_database: Option<String>,
    /// `appName`, default none.
    pub app_name: Option<String>,
    /// Libraries between the application and this crate.
    pub driver_info: Vec<DriverInfo>,
    /// Data arbiters; 0 is the default: one up to four cores, else a quarter of them.
    pub data_arbiters: usize,
    /// The application's arbiters, to be used in place of own ones; empty is none.
    pub lent_arbiters: Vec<ArbiterHandle>,
    /// The threads of another connection, to live on those; default none.
    pub runtime: Option<Runtime>,
    /// Who is told of events; empty is nobody.
    pub listeners: Vec<Listener>,
    /// Events that wait for one listener, at most.
    pub event_backlog: usize,
    /// When closed cursors are killed.
    pub cursor_manager: NewCursorManager,
    /// What to offer servers for compression, the preferred one first; default none.
    pub compressors: Vec<Compressor>,
    /// Who knows the addresses of hosts, and the records behind `mongodb+srv://`.
    pub resolver: Resolver,
    /// How hosts are found by DNS; `None` if they are listed.
    pub srv: Option<SrvOptions>,
    /// `srvServiceName`, default none: `mongodb`.
    pub srv_service: Option<String>,
    /// The least time between two look-ups of SRV records.
    pub least_rescan: Duration,
    /// Workers of a server make one each on purpose; default false.
    pub one_per_worker: bool,
    /// Where logs cut documents off; `None` is what the environment says.
    pub log_max_document_length: Option<usize>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            topology: TopologySettings {
                seeds: vec![ServerAddress::new("localhost", ServerAddress::DEFAULT_PORT)],
                ..TopologySettings::default()
            },
            pool: PoolOptions::default(),
            dispatch: DispatchOptions {
                server_selection_timeout: Duration::from_secs(30),
                local_threshold: Duration::from_millis(15),
                heartbeat_frequency: Duration::from_secs(10),
                wait_queue_timeout: None,
                retry_reads: true,
                retry_writes: true,
                max_adaptive_retries: 2,
                overload_retargeting: false,
                jitter: Jitter::default(),
                server_api: None,
            },
            credential: None,
            auth_source: None,
            allow_cleartext_password: false,
            connect_timeout: Some(Duration::from_secs(10)),
            tls: TlsOptions::default(),
            monitoring: MonitoringMode::Auto,
            scope: Scope::default(),
            default_database: None,
            app_name: None,
            driver_info: Vec::new(),
            data_arbiters: 0,
            lent_arbiters: Vec::new(),
            runtime: None,
            listeners: Vec::new(),
            event_backlog: 4096,
            cursor_manager: NewCursorManager::default(),
            compressors: Vec::new(),
            log_max_document_length: None,
            one_per_worker: false,
            resolver: Resolver::default(),
            srv: None,
            srv_service: None,
            least_rescan: LEAST_RESCAN,
        }
    }
}

/// Makes the cursor manager of each connection that these options are for.
#[derive(Clone, Default)]
pub struct NewCursorManager(Option<Arc<dyn Fn() -> NamedManager + Send + Sync>>);

impl NewCursorManager {
    /// One that is a copy of this.
    pub fn like<M: CursorManager + Clone>(manager: M) -> Self {
        // A manager need not be made to be shared.
        let manager = Mutex::new(manager);
        Self(Some(Arc::new(move || {
            NamedManager::new(manager.lock().unwrap_or_else(PoisonError::into_inner).clone())
        })))
    }

    /// Makes one.
    pub fn make(&self) -> NamedManager {
        self.0.as_ref().map_or_else(NamedManager::default, |make| make())
    }
}

impl fmt::Debug for NewCursorManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Set" } else { "Default" })
    }
}

/// What a `mongodb+srv://` connection string leaves to DNS.
#[derive(Clone)]
pub struct SrvOptions {
    /// The name that is looked up.
    pub host: String,
    /// All options anew, with the hosts and the options of a TXT record that DNS tells of.
    pub complete: Arc<CompleteOptions>,
}

/// See [`SrvOptions::complete`].
pub type CompleteOptions =
    dyn Fn(Vec<ServerAddress>, Option<&str>) -> Result<ConnectionOptions> + Send + Sync;

impl fmt::Debug for SrvOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrvOptions").field("host", &self.host).finish_non_exhaustive()
    }
}

impl ConnectionOptions {
    /// Refuses what contradicts itself, before anything is started.
    pub fn check(&self) -> Result<()> {
        let refuse = |sentence: String| Err(Error::new(Kind::InvalidArgument, sentence));
        let pool = &self.pool;
        if pool.max_size != 0 && pool.min_size > pool.max_size {
            return refuse(format!(
                "minPoolSize ({}) is above maxPoolSize ({})",
                pool.min_size, pool.max_size
            ));
        }
        for (name, value) in [("maxConnecting", pool.max_connecting), ("pipeline_depth", pool.pipeline_depth)]
        {
            if value == 0 {
                return refuse(format!("{name} must be at least 1"));
            }
        }
        if self.data_arbiters > MOST_ARBITERS {
            return refuse(format!("data_arbiters must be at most {MOST_ARBITERS}; each is a thread"));
        }
        if self.dispatch.heartbeat_frequency < MIN_HEARTBEAT {
            let least = MIN_HEARTBEAT.as_millis();
            return refuse(format!("heartbeatFrequencyMS must be at least {least}"));
        }
        let missing = self.compressors.iter().find(|compressor| !compressor.is_built());
        if let Some(name) = missing.map(|compressor| compressor.name()) {
            let sentence = format!("compression with {name} needs this crate's feature `{name}`");
            return Err(Error::new(Kind::Unsupported, sentence));
        }
        if !(-1..=9).contains(&pool.zlib_level) {
            return refuse(format!("zlib_compression_level ({}) must lie between -1 and 9", pool.zlib_level));
        }
        if self.srv.is_none() && (self.srv_service.is_some() || self.topology.srv_max_hosts > 0) {
            return refuse(
                "srvServiceName and srvMaxHosts have a meaning with mongodb+srv:// only".to_owned(),
            );
        }
        if let Some(name) = self.srv_service.as_ref().filter(|name| !is_service_name(name)) {
            return refuse(format!(
                "{name:?} can be no srvServiceName: letters, digits and single dashes within"
            ));
        }
        self.tls.check()?;
        self.authenticator()?;
        self.scope.read_preference.validate()?;
        self.scope.write_concern.validate()?;
        Ok(())
    }

    /// What proves the user, if there is one.
    pub fn authenticator(&self) -> Result<Option<Authenticator>> {
        let Some(credential) = &self.credential else { return Ok(None) };
        let identity = Identity::new(credential, self.auth_source.as_deref())?;
        if identity.sends_password() && !self.tls.is_enabled() && !self.allow_cleartext_password {
            return Err(Error::new(Kind::InvalidArgument, format!("PLAIN is refused: {CLEARTEXT}")));
        }
        Ok(Some(Authenticator::new(identity, self.allow_cleartext_password)))
    }
}
