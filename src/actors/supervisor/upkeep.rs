//! What has to be looked at from time to time, since nobody tells of it: sockets that were
//! idle for too long, and the least number of them.

use std::time::{Duration, Instant};

use actix::{AsyncContext, Context};

use super::Supervisor;
use crate::topology::{ServerAddress, TopologyKind};

impl Supervisor {
    /// Looks at idle sockets later, if they age.
    pub(super) fn plan_upkeep(&self, ctx: &mut Context<Self>) {
        let Some(idle) = self.plan.pool.max_idle else { return };
        let interval = (idle / 4).clamp(Duration::from_millis(10), Duration::from_secs(10));
        ctx.run_later(interval, |supervisor, ctx| {
            let now = Instant::now();
            for member in supervisor.members.values() {
                member.retire_idle(now);
            }
            supervisor.plan_upkeep(ctx);
        });
    }

    /// Looks at the least number of sockets later, if one is kept. A socket that is gone is
    /// missed at once; but after an attempt that failed, no further one is made until the
    /// server is found well again. Where a monitor finds that, this is not needed; behind a
    /// load balancer there is none, and it is tried anew as often as a monitor would look.
    pub(super) fn plan_refill(&self, ctx: &mut Context<Self>) {
        if self.plan.pool.min_size > 0 {
            ctx.run_later(self.plan.heartbeat, Self::refill);
        }
    }

    fn refill(&mut self, ctx: &mut Context<Self>) {
        if self.closing.is_some() {
            return;
        }
        let balanced = self.plan.topology.description().kind == TopologyKind::LoadBalanced;
        let servers: Vec<ServerAddress> = self.members.keys().cloned().collect();
        for server in servers {
            if let Some(member) = self.members.get(&server).filter(|_| balanced) {
                member.pool.ready();
            }
            self.grow(&server, ctx);
        }
        self.plan_refill(ctx);
    }
}
