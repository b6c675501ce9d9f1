//! Keeps the events of one client, in the words of the format.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_mongo::events::{
    CheckOutFailedReason, ConnectionClosedReason, Event, ServerDescription, TopologyDescription,
};
use bson::{Document, RawDocument, doc};

/// The monitors that a case tells apart by `eventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Command,
    Cmap,
    Sdam,
}

/// An event as the format has it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub group: Group,
    pub name: &'static str,
    pub fields: Document,
}

/// See the module. A clone is the same.
#[derive(Clone, Default)]
pub struct Recorder(Arc<(Mutex<Records>, Condvar)>);

#[derive(Default)]
struct Records {
    events: Vec<Seen>,
    checked_out: i64,
}

impl Recorder {
    /// Called by the driver.
    pub fn record(&self, event: &Event) {
        let mut records = self.lock();
        match event {
            Event::ConnectionCheckedOut(_) => records.checked_out += 1,
            Event::ConnectionCheckedIn(_) => records.checked_out -= 1,
            _ => {}
        }
        records.events.extend(seen(event));
        self.0.1.notify_all();
    }

    /// Waits until all events so far please, at most so long. Whether they did, and what they were.
    pub fn wait(&self, patience: Duration, done: impl Fn(&[Seen]) -> bool) -> (bool, Vec<Seen>) {
        let records = self.wait_until(patience, |records| done(&records.events));
        (done(&records.events), records.events.clone())
    }

    /// Connections in use; waits a little for the expected number.
    pub fn checked_out(&self, expected: i64, patience: Duration) -> i64 {
        self.wait_until(patience, |records| records.checked_out == expected).checked_out
    }

    /// All so far.
    pub fn events(&self) -> Vec<Seen> {
        self.lock().events.clone()
    }

    fn wait_until(&self, patience: Duration, done: impl Fn(&Records) -> bool) -> MutexGuard<'_, Records> {
        let deadline = Instant::now() + patience;
        let mut records = self.lock();
        while !done(&records) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            records = self.0.1.wait_timeout(records, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        records
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the events of commands have in common, and one field more.
macro_rules! command {
    ($event:ident, $name:literal, $own:literal => $value:expr) => {{
        let mut fields = doc! {
            "commandName": &*$event.command_name, "databaseName": &*$event.database_name, $own: $value,
        };
        if let Some(id) = $event.server_connection_id {
            fields.insert("serverConnectionId", id);
        }
        if let Some(id) = $event.service_id {
            fields.insert("serviceId", id);
        }
        Seen { group: Group::Command, name: $name, fields }
    }};
}

/// What can't be read is shown as such.
fn document(raw: &RawDocument) -> Document {
    Document::try_from(raw).unwrap_or_else(|error| doc! { "unreadable": error.to_string() })
}

/// `None` for events that the format has no word for.
fn seen(event: &Event) -> Option<Seen> {
    let cmap = |name, fields| Some(Seen { group: Group::Cmap, name, fields });
    let sdam = |name, fields| Some(Seen { group: Group::Sdam, name, fields });
    match event {
        Event::CommandStarted(event) => {
            Some(command!(event, "commandStartedEvent", "command" => document(&event.command)))
        }
        Event::CommandSucceeded(event) => {
            Some(command!(event, "commandSucceededEvent", "reply" => document(&event.reply)))
        }
        Event::CommandFailed(event) => {
            Some(command!(event, "commandFailedEvent", "failure" => event.failure.to_string()))
        }
        Event::PoolCreated(_) => cmap("poolCreatedEvent", doc! {}),
        Event::PoolReady(_) => cmap("poolReadyEvent", doc! {}),
        Event::PoolCleared(event) => {
            let mut fields = doc! { "interruptInUseConnections": event.interrupt_in_use_connections };
            if let Some(service) = event.service_id {
                fields.insert("serviceId", service);
            }
            cmap("poolClearedEvent", fields)
        }
        Event::PoolClosed(_) => cmap("poolClosedEvent", doc! {}),
        Event::ConnectionCreated(_) => cmap("connectionCreatedEvent", doc! {}),
        Event::ConnectionReady(_) => cmap("connectionReadyEvent", doc! {}),
        Event::ConnectionClosed(event) => {
            cmap("connectionClosedEvent", doc! { "reason": closed_reason(event.reason) })
        }
        Event::ConnectionCheckOutStarted(_) => cmap("connectionCheckOutStartedEvent", doc! {}),
        Event::ConnectionCheckOutFailed(event) => {
            cmap("connectionCheckOutFailedEvent", doc! { "reason": failed_reason(event.reason) })
        }
        Event::ConnectionCheckedOut(_) => cmap("connectionCheckedOutEvent", doc! {}),
        Event::ConnectionCheckedIn(_) => cmap("connectionCheckedInEvent", doc! {}),
        Event::TopologyOpening(_) => sdam("topologyOpeningEvent", doc! {}),
        Event::TopologyClosed(_) => sdam("topologyClosedEvent", doc! {}),
        Event::TopologyDescriptionChanged(event) => {
            let (previous, new) = (topology(&event.previous_description), topology(&event.new_description));
            sdam(
                "topologyDescriptionChangedEvent",
                doc! { "previousDescription": previous, "newDescription": new },
            )
        }
        Event::ServerDescriptionChanged(event) => {
            let (previous, new) = (server(&event.previous_description), server(&event.new_description));
            sdam(
                "serverDescriptionChangedEvent",
                doc! { "previousDescription": previous, "newDescription": new },
            )
        }
        Event::ServerHeartbeatStarted(event) => {
            sdam("serverHeartbeatStartedEvent", doc! { "awaited": event.awaited })
        }
        Event::ServerHeartbeatSucceeded(event) => {
            sdam("serverHeartbeatSucceededEvent", doc! { "awaited": event.awaited })
        }
        Event::ServerHeartbeatFailed(event) => sdam(
            "serverHeartbeatFailedEvent",
            doc! { "awaited": event.awaited, "failure": event.error.to_string() },
        ),
        _ => None,
    }
}

fn topology(description: &TopologyDescription) -> Document {
    doc! { "type": description.kind().to_string() }
}

fn server(description: &ServerDescription) -> Document {
    doc! { "type": description.kind().to_string() }
}

fn closed_reason(reason: ConnectionClosedReason) -> &'static str {
    match reason {
        ConnectionClosedReason::Stale => "stale",
        ConnectionClosedReason::Idle => "idle",
        ConnectionClosedReason::PoolClosed => "poolClosed",
        // The enum may grow; a case that means another reason then fails by this one.
        _ => "error",
    }
}

fn failed_reason(reason: CheckOutFailedReason) -> &'static str {
    match reason {
        CheckOutFailedReason::Timeout => "timeout",
        CheckOutFailedReason::PoolClosed => "poolClosed",
        _ => "connectionError",
    }
}
