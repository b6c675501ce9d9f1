//! Builds everything and starts it: the one place that knows all actors.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, ArbiterHandle, Context};
use tokio::sync::watch;

use super::options::{ConnectionOptions, SrvOptions};
use super::workers::notice;
use crate::actors::cursor_manager::CursorManagerActor;
use crate::actors::monitor::MonitoringMode;
use crate::actors::snapshot::{History, Snapshot};
use crate::actors::srv_poller::{Schedule, Seeds, SrvPlan};
use crate::actors::supervisor::{Supervisor, SupervisorPlan};
use crate::actors::timer::{AlarmClock, SharedAlarms, Timer};
use crate::actors::vital::Dismissal;
use crate::command::{ClientMetadata, Surroundings};
use crate::dispatch::{Core, CursorDesk, CursorReport, Handle, OpenCursors, Shared, closed};
use crate::dns::{SrvLookup, SrvName};
use crate::error::{Error, Kind, Result};
use crate::establish::{Dialer, Greeting};
use crate::events::{self, Logs};
use crate::pool::PoolOptions;
use crate::runtime::{self, Ended, Tenant};
use crate::session::{ClusterClock, ServerSessions};
use crate::tls::Connector;
use crate::topology::{ServerAddress, Topology};
use crate::wire::Offer;

/// Mailboxes bound nothing (callers are counted before they send), so their capacity
/// only says how much memory is kept ready.
const MAILBOX: usize = 16;

/// A connection that is under way, and how to learn of its end.
#[derive(Debug)]
pub struct Launched {
    /// The first handle.
    pub handle: Handle,
    /// Told once all threads have ended.
    pub ended: Ended,
}

/// Starts a connection. Reads files, if options name some, and blocks for nothing else.
pub fn launch(options: ConnectionOptions) -> Result<Launched> {
    let tls = Connector::load(&options.tls)?;
    start(options, tls)
}

/// The same, but files are read on another thread.
pub async fn launch_aside(options: ConnectionOptions) -> Result<Launched> {
    let tls = Connector::load_aside(&options.tls).await?;
    start(options, tls)
}

/// Never blocks and never waits: the addresses of all actors exist before their threads do,
/// and what is sent until then waits in their mailboxes.
fn start(mut options: ConnectionOptions, tls: Option<Connector>) -> Result<Launched> {
    options.check()?;
    if let Some(runtime) = options.runtime.as_ref().filter(|_| options.lent_arbiters.is_empty()) {
        options.lent_arbiters = runtime.lent();
    }
    let surroundings = Surroundings::here();
    let topology = Topology::new(options.topology.clone())?;
    let streaming = match options.monitoring {
        MonitoringMode::Auto => !ClientMetadata::is_faas(&surroundings),
        MonitoringMode::Stream => true,
        MonitoringMode::Poll => false,
    };
    let greeting = Arc::new(greeting(&options, surroundings)?);
    let (dialer, monitor_dialer) = dialers(&options, &greeting, tls.clone())?;
    let srv = options.srv.as_ref().map(|srv| Arc::new(srv_plan(srv, &options, &greeting, tls)));
    let (publisher, snapshots) = watch::channel(Arc::new(Snapshot::initial(topology.description().clone())));
    let (supervisor, supervisor_inbox) = mailbox::<Supervisor>();
    let (timer, timer_inbox) = mailbox::<Timer>();
    let alarms = SharedAlarms::default();
    let (cursors, cursors_inbox) = mailbox::<CursorManagerActor>();
    let sessions = Arc::<ServerSessions>::default();
    let clock = Arc::<ClusterClock>::default();
    let history = History::default();
    let check_asked = Arc::<AtomicBool>::default();
    let logs = Logs::here(options.log_max_document_length);
    let listeners =
        events::listen(options.listeners.clone(), options.event_backlog, logs).map_err(no_thread)?;
    let after = (Dismissal([timer.clone().recipient(), cursors.clone().recipient()]), listeners.ending());
    let core = Arc::new(Core {
        snapshots,
        supervisor,
        alarms: AlarmClock::new(timer, alarms.clone()),
        open_cursors: OpenCursors::default(),
        desk: CursorDesk {
            retired: cursors.clone().recipient(),
            set: cursors.clone().recipient(),
            find: cursors.clone().recipient(),
            killed: cursors.clone().recipient(),
            report: Arc::<CursorReport>::default(),
        },
        sessions: sessions.clone(),
        clock: clock.clone(),
        history: history.clone(),
        options: options.dispatch.clone(),
        check_asked: check_asked.clone(),
        closing: AtomicBool::new(false),
        default_database: options.default_database.clone(),
        seeds: seeds(&options),
        greeting,
        listeners: listeners.clone(),
    });
    let plan = SupervisorPlan {
        topology,
        pool: PoolOptions {
            lent: !options.lent_arbiters.is_empty(),
            wait_queue_timeout: options.dispatch.wait_queue_timeout,
            ..options.pool.clone()
        },
        dialer,
        monitor_dialer,
        srv,
        heartbeat: options.dispatch.heartbeat_frequency,
        streaming,
        sessions,
        clock,
        arbiters: Vec::new(),
        check_asked,
        lent: !options.lent_arbiters.is_empty(),
        orphans: cursors.downgrade().recipient(),
        publisher,
        history,
        listeners,
        tenant: Tenant::default(),
        monitored: true,
    };
    let lent = options.lent_arbiters.clone();
    let own = match options.data_arbiters {
        _ if !lent.is_empty() => 0,
        0 => runtime::default_arbiters(),
        count => count,
    };
    let manager = CursorManagerActor::new(core.clone(), options.cursor_manager.make());
    let lend = lent.clone();
    let start = move |own: Vec<ArbiterHandle>, tenant: Tenant| {
        let arbiters = if lent.is_empty() { own } else { lent };
        Context::with_receiver(timer_inbox).run(Timer::new(alarms));
        Context::with_receiver(cursors_inbox).run(manager);
        Context::with_receiver(supervisor_inbox).run(Supervisor::new(SupervisorPlan {
            arbiters,
            tenant,
            ..plan
        }));
        after
    };
    let ended = match &options.runtime {
        Some(runtime) => runtime.join(start).ok_or_else(closed)?,
        None => runtime::start(own, lend, start).map_err(no_thread)?,
    };
    let shared = Arc::new(Shared { core, drain: cursors.recipient() });
    notice(&options, &shared);
    Ok(Launched { handle: Handle::new(shared, options.scope), ended })
}

/// How sockets and monitors get their streams. Asked once more when DNS has told of options.
fn dialers(
    options: &ConnectionOptions,
    greeting: &Arc<Greeting>,
    tls: Option<Connector>,
) -> Result<(Arc<Dialer>, Arc<Dialer>)> {
    let authenticator = options.authenticator()?.map(Arc::new);
    let sends_password = authenticator.as_ref().is_some_and(|it| it.identity().sends_password());
    let for_monitors = Dialer {
        connect_timeout: connect_timeout(options),
        resolver: options.resolver.clone(),
        tls,
        greeting: greeting.clone(),
        authenticator: None,
        sends_password,
    };
    let monitor_dialer = Arc::new(for_monitors.clone());
    Ok((Arc::new(Dialer { authenticator, ..for_monitors }), monitor_dialer))
}

fn seeds(options: &ConnectionOptions) -> Box<[ServerAddress]> {
    let given = options.srv.is_none().then(|| options.topology.seeds.clone());
    given.unwrap_or_default().into()
}

fn connect_timeout(options: &ConnectionOptions) -> Option<Duration> {
    options.connect_timeout.filter(|limit| !limit.is_zero())
}

fn srv_plan(
    srv: &SrvOptions,
    options: &ConnectionOptions,
    greeting: &Arc<Greeting>,
    tls: Option<Connector>,
) -> SrvPlan {
    let service = options.srv_service.as_deref().unwrap_or(SrvName::DEFAULT_SERVICE);
    let (complete, greeting) = (srv.complete.clone(), greeting.clone());
    SrvPlan {
        lookup: SrvLookup {
            name: SrvName::new(&srv.host, service),
            resolver: options.resolver.clone(),
            limit: connect_timeout(options),
        },
        schedule: Schedule { least: options.least_rescan, heartbeat: options.dispatch.heartbeat_frequency },
        complete: Box::new(move |seeds, defaults| {
            let options = complete(seeds, defaults)?;
            options.topology.initial_kind()?;
            greeting.balance(options.topology.load_balanced)?;
            let (dialer, monitor_dialer) = dialers(&options, &greeting, tls.clone())?;
            Ok(Seeds { settings: options.topology, dialer, monitor_dialer })
        }),
    }
}

fn mailbox<A: Actor>() -> (Addr<A>, AddressReceiver<A>) {
    let (sender, receiver) = channel(MAILBOX);
    (Addr::new(sender), receiver)
}

fn greeting(options: &ConnectionOptions, surroundings: Surroundings) -> Result<Greeting> {
    Greeting::new(
        options.app_name.clone(),
        options.driver_info.clone(),
        surroundings,
        options.topology.load_balanced,
        options.dispatch.server_api.clone(),
    )?
    .offering(Offer::new(options.compressors.iter().copied()))
}

/// What a connection needs can't be started.
pub(super) fn no_thread(error: std::io::Error) -> Error {
    Error::new(Kind::ConnectionFailure, "the connection's threads could not be started").with_source(error)
}
