//! What DNS tells of the servers: the first seed list, and those that follow while the
//! deployment is a sharded cluster, or may be one.

use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler};

use super::Supervisor;
use crate::actors::srv_poller::{Halt, Seeds, SrvHeard, SrvNews, SrvPoller};
use crate::error::Error;
use crate::topology::{Outcome, TopologyKind};

/// A poller that died is replaced after this time.
const RESTART: Duration = Duration::from_millis(500);

/// Where the supervisor stands with DNS.
#[derive(Debug, Default)]
pub struct SeedListState {
    /// The present poller; none if servers do not come from DNS, or no longer follow it.
    poller: Option<Addr<SrvPoller>>,
    /// The first list has come.
    seeded: bool,
    /// Why it has not.
    failure: Option<Error>,
}

impl SeedListState {
    /// Why there is no server yet.
    pub fn why_none(&self) -> Option<&Error> {
        self.failure.as_ref()
    }
}

impl Supervisor {
    /// Starts a poller, if servers come from DNS.
    pub(super) fn ask_dns(&mut self, ctx: &mut Context<Self>) {
        let Some(plan) = &self.plan.srv else { return };
        let supervisor = ctx.address().downgrade().recipient();
        let poller = SrvPoller::new(plan.clone(), supervisor, self.seed_list.seeded).start();
        self.seed_list.poller = Some(poller);
    }

    /// Stops the poller for good.
    pub(super) fn forget_dns(&mut self) {
        if let Some(poller) = self.seed_list.poller.take() {
            poller.do_send(Halt);
        }
    }

    /// Only clusters of routers follow their SRV records, and what may turn out to be one; no
    /// other kind of topology becomes one later.
    pub(super) fn follow_srv_no_longer(&mut self) {
        let kind = self.plan.topology.description().kind;
        let follows = matches!(kind, TopologyKind::Unknown | TopologyKind::Sharded);
        if self.seed_list.seeded && !follows {
            self.forget_dns();
        }
    }

    fn seed(&mut self, seeds: Seeds, ctx: &mut Context<Self>) {
        match self.plan.topology.seed(seeds.settings) {
            Ok(change) => {
                self.plan.dialer = seeds.dialer;
                self.plan.monitor_dialer = seeds.monitor_dialer;
                // No socket was opened before: there was no server.
                self.link(ctx);
                (self.seed_list.seeded, self.seed_list.failure) = (true, None);
                self.change(change, ctx);
            }
            Err(error) => self.not_seeded(error),
        }
    }

    fn not_seeded(&mut self, error: Error) {
        self.plan.history.note(None, format!("no server is known: {error}"));
        self.seed_list.failure = Some(error);
        self.publish(self.plan.topology.description().clone(), None);
    }

    fn poller_died(&mut self, ctx: &mut Context<Self>) {
        self.plan.history.note(None, "the poller of SRV records ended unexpectedly, and is started again");
        tracing::error!(target: "actix_mongo::topology", "the poller of SRV records ended unexpectedly");
        ctx.run_later(RESTART, |supervisor, ctx| {
            // It may have been stopped meanwhile.
            if supervisor.closing.is_none() && supervisor.seed_list.poller.is_some() {
                supervisor.ask_dns(ctx);
            }
        });
    }
}

impl Handler<SrvNews> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: SrvNews, ctx: &mut Self::Context) {
        if self.closing.is_some() || self.seed_list.poller.is_none() {
            return;
        }
        match msg.heard {
            SrvHeard::Seeds(seeds) if !self.seed_list.seeded => self.seed(*seeds, ctx),
            SrvHeard::Seeds(_) => {}
            SrvHeard::NoSeeds(error) => self.not_seeded(error),
            SrvHeard::Hosts(hosts) => self.apply(Outcome::SrvHosts { hosts }, ctx),
            SrvHeard::Died => self.poller_died(ctx),
        }
    }
}
