//! New sockets in the place of all that there are, for whoever wants the old ones gone. The
//! deployment's picture stays as it is, monitors go on, and nobody who waits or is served
//! fails by it.

use actix::Context;

use super::Supervisor;
use super::messages::Hold;
use crate::topology::ServerAddress;

impl Supervisor {
    /// Has all pools begin anew. After the end has begun nothing comes of it: then the sockets
    /// close anyway, and in their own order.
    pub(super) fn disconnect(&mut self, hold: &Hold, ctx: &mut Context<Self>) {
        if self.closing.is_some() {
            return;
        }
        let closed: usize = self.members.values_mut().map(|member| member.renew(hold)).sum();
        self.plan.history.note(None, format!("disconnect closed {closed} sockets"));
        // One on an arbiter that is blocked would keep the hold for good.
        self.look_after_arbiters(ctx);
        // For those who wait, and for the least number.
        let servers: Vec<ServerAddress> = self.members.keys().cloned().collect();
        for server in servers {
            self.grow(&server, ctx);
        }
    }
}
