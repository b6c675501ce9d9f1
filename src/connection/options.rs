//! Everything that can be set for a connection, with the defaults, in one place; each
//! layer gets its own part.

use std::time::Duration;

use actix::ArbiterHandle;

use crate::actors::monitor::MonitoringMode;
use crate::command::DriverInfo;
use crate::dispatch::{DispatchOptions, Jitter, Scope};
use crate::error::{Error, Kind, Result};
use crate::events::Listener;
use crate::pool::PoolOptions;
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
    /// `connectTimeoutMS`, default 10 s; zero is none.
    pub connect_timeout: Option<Duration>,
    /// `serverMonitoringMode`, default auto.
    pub monitoring: MonitoringMode,
    /// What the first handle hands down: `timeoutMS`, concerns, read preference.
    pub scope: Scope,
    /// `appName`, default none.
    pub app_name: Option<String>,
    /// Libraries between the application and this crate.
    pub driver_info: Vec<DriverInfo>,
    /// Data arbiters; 0 is the default: one up to four cores, else a quarter of them.
    pub data_arbiters: usize,
    /// The application's arbiters, to be used in place of own ones; empty is none.
    pub lent_arbiters: Vec<ArbiterHandle>,
    /// Who is told of events; empty is nobody.
    pub listeners: Vec<Listener>,
    /// Events that wait for one listener, at most.
    pub event_backlog: usize,
    /// What to offer servers for compression, the preferred one first; default none.
    pub compressors: Vec<Compressor>,
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
            connect_timeout: Some(Duration::from_secs(10)),
            monitoring: MonitoringMode::Auto,
            scope: Scope::default(),
            app_name: None,
            driver_info: Vec::new(),
            data_arbiters: 0,
            lent_arbiters: Vec::new(),
            listeners: Vec::new(),
            event_backlog: 4096,
            compressors: Vec::new(),
            log_max_document_length: None,
        }
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
        self.scope.read_preference.validate()?;
        self.scope.write_concern.validate()?;
        Ok(())
    }
}
