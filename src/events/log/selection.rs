//! What logs are told of the choice of a server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::events::Emitter;
use crate::topology::{Criteria, ServerAddress, TopologyDescription};

/// One message.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The command's name.
    pub operation: Arc<str>,
    /// The same for all commands of one call.
    pub operation_id: i64,
    /// What the server must meet.
    pub selector: Arc<Criteria>,
    /// The deployment at that moment.
    pub topology: Arc<TopologyDescription>,
    /// How far it came.
    pub step: Step,
}

/// How far the choice of a server came.
#[derive(Clone, Debug)]
pub enum Step {
    /// It began.
    Started,
    /// There is none so far; it goes on for so long at most.
    Waiting(Duration),
    /// This one.
    Succeeded(ServerAddress),
    /// There was none in time.
    Failed(Error),
}

/// The choice of a server that is under way, and told to logs.
#[derive(Debug)]
pub struct SelectionWatch {
    events: Emitter,
    operation: Arc<str>,
    operation_id: i64,
    selector: Arc<Criteria>,
}

impl SelectionWatch {
    /// Of this command. Nothing is told yet.
    pub fn of(events: &Emitter, operation: &str, operation_id: i64, selector: &Criteria) -> Box<Self> {
        let (events, selector) = (events.clone(), Arc::new(selector.clone()));
        Box::new(Self { events, operation: operation.into(), operation_id, selector })
    }

    /// It begins.
    pub fn started(&self, topology: &Arc<TopologyDescription>) {
        self.tell(topology, Step::Started);
    }

    /// There is none so far.
    pub fn waiting(&self, topology: &Arc<TopologyDescription>, deadline: Instant) {
        self.tell(topology, Step::Waiting(deadline.saturating_duration_since(Instant::now())));
    }

    /// It is this one.
    pub fn succeeded(&self, topology: &Arc<TopologyDescription>, server: &ServerAddress) {
        self.tell(topology, Step::Succeeded(server.clone()));
    }

    /// There was none in time.
    pub fn failed(&self, topology: &Arc<TopologyDescription>, error: &Error) {
        self.tell(topology, Step::Failed(error.clone()));
    }

    fn tell(&self, topology: &Arc<TopologyDescription>, step: Step) {
        self.events.selection(Selection {
            operation: self.operation.clone(),
            operation_id: self.operation_id,
            selector: self.selector.clone(),
            topology: topology.clone(),
            step,
        });
    }
}
