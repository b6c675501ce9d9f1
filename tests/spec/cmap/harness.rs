//! One pool as in production: its supervisor on a control thread, its sockets on a data
//! arbiter, its timer. Only there is no monitor: what one would report, the case does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix::dev::channel::channel;
use actix::{Actor, Addr, Context, Handler};
use actix_mongo::Resolver;
use actix_mongo::actors::monitor::{Observed, Seen};
use actix_mongo::actors::snapshot::{History, Snapshot};
use actix_mongo::actors::socket::Orphaned;
use actix_mongo::actors::supervisor::{Grow, Settle, Shutdown, Supervisor, SupervisorPlan};
use actix_mongo::actors::timer::{AlarmClock, SharedAlarms, Timer};
use actix_mongo::command::Surroundings;
use actix_mongo::establish::{Dialer, Greeting};
use actix_mongo::events::{Ear, EventKinds, Listener, Logs, listen};
use actix_mongo::pool::{Claim, Entry, Lease, LeaseRequest, Pool, PoolOptions, Purpose, SlotId};
use actix_mongo::runtime::{self, Tenant};
use actix_mongo::session::{ClusterClock, ServerSessions};
use actix_mongo::topology::{CheckFailure, HelloReply, ServerAddress, Topology, TopologySettings};
use actix_mongo::{Error, Kind};
use bson::rawdoc;
use serde_json::Value;
use test_support::{block_on, poll_until};
use tokio::sync::watch;

use super::recorder::Recorder;
use crate::json;

/// Room for messages that come before the actors run.
const MAILBOX: usize = 16;
/// Longer than anything here takes that no case waits for.
const SOON: Duration = Duration::from_secs(10);

/// `poolOptions` of a case.
#[derive(Debug, Default)]
pub struct Settings {
    pool: PoolOptions,
    wait_queue_timeout: Option<Duration>,
    app_name: Option<String>,
}

impl Settings {
    /// Reads them. `backgroundThreadIntervalMS` is for pools with such a thread; here
    /// nothing waits for a turn of one.
    pub fn parse(options: Option<&Value>) -> Result<Self, String> {
        let mut settings = Self::default();
        for (key, value) in options.and_then(Value::as_object).into_iter().flatten() {
            let size = || {
                let number = json::integer(value)?;
                usize::try_from(number).map_err(|_| format!("{key} is {number}"))
            };
            let time = || Ok::<_, String>(Duration::from_millis(json::integer(value)?.unsigned_abs()));
            match key.as_str() {
                "maxPoolSize" => settings.pool.max_size = size()?,
                "minPoolSize" => settings.pool.min_size = size()?,
                "maxConnecting" => settings.pool.max_connecting = size()?,
                "maxIdleTimeMS" => settings.pool.max_idle = Some(time()?),
                "waitQueueTimeoutMS" => settings.wait_queue_timeout = Some(time()?),
                "appName" => settings.app_name = value.as_str().map(str::to_owned),
                "backgroundThreadIntervalMS" => {}
                _ => return Err(format!("a pool option that the runner does not know: {key}")),
            }
        }
        Ok(settings)
    }
}

/// See the module.
pub struct Harness {
    pub recorder: Recorder,
    pool: Arc<Pool>,
    supervisor: Addr<Supervisor>,
    alarms: AlarmClock,
    wait_queue_timeout: Option<Duration>,
    /// How often each connection was checked out.
    taken: Mutex<BTreeMap<SlotId, usize>>,
}

impl Harness {
    /// A paused pool of this server.
    pub fn start(server: SocketAddr, settings: &Settings) -> Result<Self, String> {
        let recorder = Recorder::default();
        let record = {
            let recorder = recorder.clone();
            move |event| recorder.record(&event)
        };
        let listeners = listen(
            vec![Listener { kinds: EventKinds::POOLS, ear: Ear::Closure(Arc::new(record)) }],
            10_000,
            Logs::default(),
        );
        let listeners = listeners.map_err(|error| error.to_string())?;
        let seeds = vec![ServerAddress::new(&server.ip().to_string(), server.port())];
        let topology = TopologySettings { seeds, direct_connection: true, ..TopologySettings::default() };
        let topology = Topology::new(topology).map_err(|error| error.to_string())?;
        let (publisher, snapshots) =
            watch::channel(Arc::new(Snapshot::initial(topology.description().clone())));
        let dialer = Arc::new(dialer(settings.app_name.as_deref())?);
        let (supervisor, supervisor_inbox) = channel(MAILBOX);
        let (timer, timer_inbox) = channel(MAILBOX);
        let (nobody, nobody_inbox) = channel(MAILBOX);
        let (supervisor, nobody) = (Addr::new(supervisor), Addr::new(nobody));
        let shared = SharedAlarms::default();
        let alarms = AlarmClock::new(Addr::new(timer), shared.clone());
        let plan = SupervisorPlan {
            topology,
            pool: settings.pool.clone(),
            dialer: dialer.clone(),
            monitor_dialer: dialer,
            heartbeat: Duration::from_secs(10),
            streaming: false,
            sessions: Arc::<ServerSessions>::default(),
            clock: Arc::<ClusterClock>::default(),
            arbiters: Vec::new(),
            check_asked: Arc::<AtomicBool>::default(),
            lent: false,
            orphans: nobody.downgrade().recipient(),
            publisher,
            history: History::default(),
            listeners,
            srv: None,
            tenant: Tenant::default(),
            monitored: false,
        };
        let start = move |arbiters, tenant| {
            Context::with_receiver(timer_inbox).run(Timer::new(shared));
            Context::with_receiver(nobody_inbox).run(Nobody);
            Context::with_receiver(supervisor_inbox).run(Supervisor::new(SupervisorPlan {
                arbiters,
                tenant,
                ..plan
            }));
        };
        runtime::start(1, Vec::new(), start).map_err(|error| error.to_string())?;
        block_on(supervisor.send(Settle)).map_err(|error| error.to_string())?;
        let pool = snapshots.borrow().pools.values().next().cloned();
        let pool = pool.ok_or("the supervisor published no pool")?;
        let (wait_queue_timeout, taken) = (settings.wait_queue_timeout, Mutex::default());
        Ok(Self { recorder, pool, supervisor, alarms, wait_queue_timeout, taken })
    }

    /// Waits for a socket of one's own, as a call does.
    pub fn check_out(&self) -> Result<Lease, Error> {
        let (mut request, lease) = LeaseRequest::new(Purpose::Request);
        request.wait_deadline = self.wait_queue_timeout.map(|limit| Instant::now() + limit);
        match self.pool.claim(Entry::Lease(request), Instant::now) {
            Claim::Taken(slot, entry) => slot.submit(entry),
            Claim::Refused(entry, error) => entry.fail(error),
            Claim::Queued { grow, arm, .. } => {
                if grow {
                    self.supervisor.do_send(Grow { server: self.pool.address().clone() });
                }
                if let Some(at) = arm {
                    self.alarms.expire_at(at, &self.pool);
                }
            }
        }
        let lost = |_| Err(Error::new(Kind::Internal, "a lease without an answer"));
        let lease = block_on(lease).unwrap_or_else(lost)?;
        *self.taken().entry(lease.slot()).or_default() += 1;
        Ok(lease)
    }

    /// Gives a socket back, and waits until its actor has done so: the next operation of the
    /// case comes after it.
    pub fn check_in(&self, lease: Lease) -> Result<(), String> {
        let id = lease.slot();
        let before = self.taken().get(&id).copied();
        drop(lease);
        poll_until(SOON, "the connection to be checked in", || {
            let slots = self.pool.slots(Instant::now());
            let slot = slots.iter().find(|slot| slot.id == id);
            slot.is_none_or(|slot| slot.held.is_none()) || self.taken().get(&id).copied() > before
        });
        Ok(())
    }

    /// What a monitor's check that succeeds comes to.
    pub fn ready(&self) -> Result<(), String> {
        let reply = rawdoc! { "ok": 1, "helloOk": true, "isWritablePrimary": true, "minWireVersion": 0, "maxWireVersion": 27 };
        let reply = HelloReply::parse(&reply).map_err(|error| error.to_string())?;
        self.observe(Seen::Hello { reply: Arc::new(reply), rtt: Some(Duration::from_millis(1)) })
    }

    /// What a monitor's check that fails comes to: one that runs into its timeout interrupts.
    pub fn clear(&self, interrupt: bool) -> Result<(), String> {
        let failure = if interrupt { CheckFailure::Timeout } else { CheckFailure::Network };
        let error = Error::new(Kind::AutoReconnect, "the check failed").network();
        self.observe(Seen::Failed { failure, error })
    }

    /// Closes the pool; sockets in use stay until they are given back.
    pub fn close(&self) -> Result<(), String> {
        block_on(self.supervisor.send(Shutdown)).map_err(|error| error.to_string())
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<SlotId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, what: Seen) -> Result<(), String> {
        let server = self.pool.address().clone();
        let seen = self.supervisor.send(Observed { server, epoch: 0, what });
        block_on(seen).map_err(|error| error.to_string())
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.supervisor.do_send(Shutdown);
    }
}

/// Stands where the cursor manager does; no case opens a cursor.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<Orphaned> for Nobody {
    type Result = ();

    fn handle(&mut self, _msg: Orphaned, _ctx: &mut Self::Context) {}
}

fn dialer(app_name: Option<&str>) -> Result<Dialer, String> {
    let greeting =
        Greeting::new(app_name.map(ToOwned::to_owned), Vec::new(), Surroundings::here(), false, None);
    let greeting = Arc::new(greeting.map_err(|error| error.to_string())?);
    Ok(Dialer {
        connect_timeout: Some(Duration::from_secs(30)),
        resolver: Resolver::default(),
        tls: None,
        greeting,
        authenticator: None,
        sends_password: false,
    })
}
