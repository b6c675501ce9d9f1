//! The `Monitor` actor: one per server, on the control arbiter. It owns the socket over
//! which the server streams its hellos, and a second one that measures round trips. It
//! tells the supervisor what it sees, and never touches a pool
//! (server monitoring specification). A third socket answers those who want to know whether the
//! server answers now; it is opened only for them.

mod check;
mod messages;
mod probe;
mod signals;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Recipient, WeakRecipient, WrapFuture};

use self::check::{Check, Checked};
pub use self::messages::{Observed, Order, Probe, Seen};
use self::probe::Questions;
use self::signals::Signals;
use crate::error::{Error, Kind};
use crate::establish::Dialer;
use crate::events::Heartbeat;
use crate::topology::ServerAddress;

/// `minHeartbeatFrequencyMS`: the least time between two checks.
const MIN_HEARTBEAT: Duration = Duration::from_millis(500);

/// `serverMonitoringMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MonitoringMode {
    /// Stream, except on function-as-a-service platforms.
    #[default]
    Auto,
    /// Stream where the server can.
    Stream,
    /// Ask every heartbeat.
    Poll,
}

/// What a monitor must know.
#[derive(Clone, Debug)]
pub struct MonitorPlan {
    /// The server.
    pub server: ServerAddress,
    /// Which monitor of this server it is.
    pub epoch: u64,
    /// Makes its sockets; without credentials.
    pub dialer: Arc<Dialer>,
    /// `heartbeatFrequencyMS`.
    pub heartbeat: Duration,
    /// Whether hellos may be streamed.
    pub streaming: bool,
    /// Whether it watches. Behind a load balancer it does not, and only answers questions.
    pub watches: bool,
    /// What listeners for events are told of its checks.
    pub checks: Arc<Heartbeat>,
    /// The supervisor.
    pub events: WeakRecipient<Observed>,
}

/// See the module.
#[derive(Debug)]
pub struct Monitor {
    plan: Rc<MonitorPlan>,
    signals: Rc<Signals>,
    /// Made with the first question.
    questions: Option<Rc<Questions>>,
    /// Tells the supervisor, if this ends without having been stopped.
    guard: Guard,
}

impl Monitor {
    /// The monitor of one server, by this plan.
    pub fn new(plan: MonitorPlan) -> Self {
        let plan = Rc::new(plan);
        Self { guard: Guard(Some(plan.clone())), plan, signals: Rc::default(), questions: None }
    }
}

impl Actor for Monitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        #[cfg(feature = "unstable-internals")]
        crate::actors::provoke::enter(&ctx.address());
        if !self.plan.watches {
            return;
        }
        ctx.spawn(watch(self.plan.clone(), self.signals.clone()).into_actor(self));
        if self.plan.streaming {
            ctx.spawn(measure(self.plan.clone(), self.signals.clone()).into_actor(self));
        }
    }
}

impl Handler<Order> for Monitor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) {
        match order {
            Order::CheckNow => self.signals.check_now(),
            Order::Recheck => self.signals.recheck(),
            Order::Cancel => self.signals.cancel(),
            Order::Stop => {
                self.guard.0 = None;
                ctx.stop();
            }
        }
    }
}

impl Handler<Probe> for Monitor {
    type Result = ();

    fn handle(&mut self, question: Probe, ctx: &mut Self::Context) {
        if let Some(questions) = &self.questions {
            return questions.ask(question);
        }
        let questions = Rc::<Questions>::default();
        questions.ask(question);
        ctx.spawn(probe::answer(self.plan.clone(), questions.clone()).into_actor(self));
        self.questions = Some(questions);
    }
}

#[cfg(feature = "unstable-internals")]
crate::actors::provoke::can_be_provoked!(Monitor);

/// Checks the server for ever.
async fn watch(plan: Rc<MonitorPlan>, signals: Rc<Signals>) {
    let mut check = Check::new(&plan);
    loop {
        match signals.unless_cancelled(check.next()).await {
            Some(Ok(Checked { reply, rtt, goes_on })) => {
                plan.tell(Seen::Hello { reply, rtt });
                if goes_on {
                    signals.streaming();
                    continue;
                }
            }
            Some(Err((failure, error))) => {
                check.disconnect();
                plan.tell(Seen::Failed { failure, error });
            }
            None => {
                check.disconnect();
                plan.checks.failed(&given_up());
                // Whoever asked for a check while this one was being cancelled was passed
                // over, and would wait for the next heartbeat.
                signals.check_now();
            }
        }
        signals.pause(Instant::now(), plan.heartbeat, MIN_HEARTBEAT).await;
    }
}

/// Measures round trips over a socket of its own, once hellos are streamed: those say
/// nothing of the network. What goes wrong here changes nothing.
async fn measure(plan: Rc<MonitorPlan>, signals: Rc<Signals>) {
    signals.until_streaming().await;
    let mut check = Check::new(&plan).polling();
    loop {
        match check.next().await {
            Ok(Checked { rtt: Some(sample), .. }) => plan.tell(Seen::RoundTrip(sample)),
            Ok(_) => {}
            Err((_, error)) => {
                check.disconnect();
                tracing::debug!(target: "actix_mongo::topology", server = %plan.server, %error, "no round trip measured");
            }
        }
        tokio::time::sleep(plan.heartbeat).await;
    }
}

impl MonitorPlan {
    fn tell(&self, what: Seen) {
        let supervisor: Option<Recipient<Observed>> = self.events.upgrade();
        if let Some(supervisor) = supervisor {
            supervisor.do_send(Observed { server: self.server.clone(), epoch: self.epoch, what });
        }
    }
}

/// Dropped with the actor; emptied by an orderly stop.
#[derive(Debug)]
struct Guard(Option<Rc<MonitorPlan>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(plan) = self.0.take() {
            plan.checks.end(&given_up());
            plan.tell(Seen::Died);
        }
    }
}

fn given_up() -> Error {
    Error::new(Kind::AutoReconnect, "the check was given up").network()
}
