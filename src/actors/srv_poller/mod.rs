//! The `SrvPoller` actor: one per `mongodb+srv://` connection, on the control arbiter. It
//! looks up the first hosts and the options that TXT records add, and then, as long as the
//! supervisor lets it live, the hosts again (polling SRV records specification). It tells the
//! supervisor what it finds, and decides nothing about the topology.

mod messages;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, WeakRecipient, WrapFuture};

pub use self::messages::{Halt, Seeds, SrvHeard, SrvNews};
pub use self::schedule::{LEAST_RESCAN, Schedule};
use crate::dns::SrvLookup;
use crate::error::Result;
use crate::topology::ServerAddress;

/// Puts hosts and the options of a TXT record together with all that the application has set.
pub type Complete = dyn Fn(Vec<ServerAddress>, Option<&str>) -> Result<Seeds> + Send + Sync;

/// What a poller must know.
pub struct SrvPlan {
    /// Whose records are looked up, and how.
    pub lookup: SrvLookup,
    /// When there is another one.
    pub schedule: Schedule,
    /// What becomes of the first answer.
    pub complete: Box<Complete>,
}

impl std::fmt::Debug for SrvPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lookup, schedule, complete: _ } = self;
        f.debug_struct("SrvPlan").field("lookup", lookup).field("schedule", schedule).finish_non_exhaustive()
    }
}

/// See the module.
#[derive(Debug)]
pub struct SrvPoller {
    plan: Arc<SrvPlan>,
    /// The first list has come already, to the poller before this one.
    seeded: bool,
    supervisor: WeakRecipient<SrvNews>,
    /// Tells the supervisor, if this ends without having been stopped.
    guard: Guard,
}

impl SrvPoller {
    /// A poller that begins once started.
    pub fn new(plan: Arc<SrvPlan>, supervisor: WeakRecipient<SrvNews>, seeded: bool) -> Self {
        Self { plan, seeded, guard: Guard(Some(supervisor.clone())), supervisor }
    }
}

impl Actor for SrvPoller {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&ctx.address());
        ctx.spawn(poll(self.plan.clone(), self.supervisor.clone(), self.seeded).into_actor(self));
    }
}

impl Handler<Halt> for SrvPoller {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Self::Context) {
        self.guard.0 = None;
        ctx.stop();
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(SrvPoller);

/// Looks up for ever. What is under way when the actor stops is dropped with it.
async fn poll(plan: Arc<SrvPlan>, supervisor: WeakRecipient<SrvNews>, seeded: bool) {
    // A poller that follows another one has no record to count from.
    let mut pause = plan.schedule.pause(None);
    let mut wanted = !seeded;
    while wanted {
        match first(&plan).await {
            Ok((seeds, ttl)) => {
                tell(&supervisor, SrvHeard::Seeds(Box::new(seeds)));
                pause = plan.schedule.pause(Some(ttl));
                wanted = false;
            }
            Err(error) => {
                tell(&supervisor, SrvHeard::NoSeeds(error));
                tokio::time::sleep(pause).await;
            }
        }
    }
    loop {
        tokio::time::sleep(pause).await;
        let ttl = match plan.lookup.later().await {
            Ok(list) => {
                tell(&supervisor, SrvHeard::Hosts(list.hosts));
                Some(list.ttl)
            }
            Err(error) => {
                tracing::warn!(target: "actix_mongo::topology", %error, "SRV records could not be polled");
                None
            }
        };
        pause = plan.schedule.pause(ttl);
    }
}

async fn first(plan: &SrvPlan) -> Result<(Seeds, Duration)> {
    let (list, defaults) = plan.lookup.first().await?;
    Ok(((plan.complete)(list.hosts, defaults.as_deref())?, list.ttl))
}

fn tell(supervisor: &WeakRecipient<SrvNews>, heard: SrvHeard) {
    if let Some(supervisor) = supervisor.upgrade() {
        supervisor.do_send(SrvNews { heard });
    }
}

/// Dropped with the actor; emptied by an orderly stop.
#[derive(Debug)]
struct Guard(Option<WeakRecipient<SrvNews>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(supervisor) = self.0.take() {
            tell(&supervisor, SrvHeard::Died);
        }
    }
}
