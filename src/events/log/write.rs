//! Each message with its level, target, sentence and fields, as the specifications name them.

use std::time::Duration;

use bson::oid::ObjectId;
use tracing::{debug, info};

use super::describe::{Selector, Topology};
use super::extended_json::cut;
use super::selection::{Selection, Step};
use crate::events::backlog::Item;
use crate::events::{
    CheckOutFailedReason, CommandFailed, CommandStarted, CommandSucceeded, ConnectionClosedReason, Event,
};

/// Writes messages to the subscriber in force.
#[derive(Debug)]
pub struct Writer {
    /// Where documents are cut off.
    longest: usize,
}

/// A message of commands: the fields that all have, and its own.
macro_rules! command {
    ($event:ident, $sentence:literal, $($own:tt)*) => {
        debug!(
            target: "actix_mongo::command",
            commandName = &*$event.command_name,
            databaseName = &*$event.database_name,
            requestId = $event.request_id,
            operationId = $event.operation_id,
            driverConnectionId = $event.connection_id,
            serverHost = $event.address.host(),
            serverPort = $event.address.tcp_port(),
            serverConnectionId = $event.server_connection_id,
            serviceId = hex($event.service_id),
            $($own)*
            $sentence
        )
    };
}

/// A message about a server and its pool.
macro_rules! connection {
    ($event:ident, $sentence:literal $(, $($own:tt)*)?) => {
        debug!(
            target: "actix_mongo::connection",
            serverHost = $event.address.host(),
            serverPort = $event.address.tcp_port(),
            $($($own)*)?
            $sentence
        )
    };
}

/// A message about the topology, or a server of it.
macro_rules! topology {
    ($event:ident, server, $sentence:literal $(, $($own:tt)*)?) => {
        topology!(
            $event,
            $sentence,
            serverHost = $event.address.host(),
            serverPort = $event.address.tcp_port(),
            $($($own)*)?
        )
    };
    ($event:ident, $sentence:literal $(, $($own:tt)*)?) => {
        debug!(target: "actix_mongo::topology", topologyId = $event.topology_id.number(), $($($own)*)? $sentence)
    };
}

/// A message about a check of a server.
macro_rules! heartbeat {
    ($event:ident, $sentence:literal $(, $($own:tt)*)?) => {
        topology!(
            $event,
            server,
            $sentence,
            driverConnectionId = $event.connection_id,
            serverConnectionId = $event.server_connection_id,
            awaited = $event.awaited,
            $($($own)*)?
        )
    };
}

/// A message about the choice of a server.
macro_rules! selection {
    ($level:ident, $of:ident, $sentence:literal $(, $($own:tt)*)?) => {
        $level!(
            target: "actix_mongo::server_selection",
            selector = %Selector(&$of.selector),
            operationId = $of.operation_id,
            operation = &*$of.operation,
            topologyDescription = %Topology(&$of.topology),
            $($($own)*)?
            $sentence
        )
    };
}

impl Writer {
    /// A writer that cuts documents off there.
    pub fn new(longest: usize) -> Self {
        Self { longest }
    }

    /// Writes one message, if it has one.
    pub fn write(&self, item: Item) {
        match item {
            Item::Event(event) => self.event(event),
            Item::Selection(selection) => selected(&selection),
            Item::Flush(_) => {}
        }
    }

    fn event(&self, event: Event) {
        match event {
            Event::CommandStarted(event) => self.started(&event),
            Event::CommandSucceeded(event) => self.succeeded(&event),
            Event::CommandFailed(event) => failed(&event),
            Event::PoolCreated(event) => connection!(
                event,
                "Connection pool created",
                maxIdleTimeMS = event.options.max_idle_time.map(whole_millis),
                minPoolSize = event.options.min_pool_size,
                maxPoolSize = event.options.max_pool_size,
                maxConnecting = event.options.max_connecting,
                waitQueueTimeoutMS = event.options.wait_queue_timeout.map(whole_millis),
            ),
            Event::PoolReady(event) => connection!(event, "Connection pool ready"),
            Event::PoolCleared(event) => {
                connection!(event, "Connection pool cleared", serviceId = hex(event.service_id),);
            }
            Event::PoolClosed(event) => connection!(event, "Connection pool closed"),
            Event::ConnectionCreated(event) => {
                connection!(event, "Connection created", driverConnectionId = event.connection_id,);
            }
            Event::ConnectionReady(event) => connection!(
                event,
                "Connection ready",
                driverConnectionId = event.connection_id,
                durationMS = millis(event.duration),
            ),
            Event::ConnectionClosed(event) => connection!(
                event,
                "Connection closed",
                driverConnectionId = event.connection_id,
                reason = closed_because(event.reason),
                error = event.error.as_ref().map(tracing::field::display),
            ),
            Event::ConnectionCheckOutStarted(event) => connection!(event, "Connection checkout started"),
            Event::ConnectionCheckOutFailed(event) => connection!(
                event,
                "Connection checkout failed",
                reason = not_checked_out_because(event.reason),
                error = event.error.as_ref().map(tracing::field::display),
                durationMS = millis(event.duration),
            ),
            Event::ConnectionCheckedOut(event) => connection!(
                event,
                "Connection checked out",
                driverConnectionId = event.connection_id,
                durationMS = millis(event.duration),
            ),
            Event::ConnectionCheckedIn(event) => {
                connection!(event, "Connection checked in", driverConnectionId = event.connection_id,);
            }
            other => self.topology(&other),
        }
    }

    fn topology(&self, event: &Event) {
        match event {
            Event::TopologyOpening(event) => topology!(event, "Starting topology monitoring"),
            Event::TopologyClosed(event) => topology!(event, "Stopped topology monitoring"),
            Event::TopologyDescriptionChanged(event) => topology!(
                event,
                "Topology description changed",
                previousDescription = %Topology(&event.previous_description.0),
                newDescription = %Topology(&event.new_description.0),
            ),
            Event::ServerOpening(event) => topology!(event, server, "Starting server monitoring"),
            Event::ServerClosed(event) => topology!(event, server, "Stopped server monitoring"),
            Event::ServerHeartbeatStarted(event) => heartbeat!(event, "Server heartbeat started"),
            Event::ServerHeartbeatSucceeded(event) => heartbeat!(
                event,
                "Server heartbeat succeeded",
                durationMS = millis(event.duration),
                reply = cut(&event.reply, self.longest).as_str(),
            ),
            Event::ServerHeartbeatFailed(event) => heartbeat!(
                event,
                "Server heartbeat failed",
                durationMS = millis(event.duration),
                failure = %event.error,
            ),
            // What they tell is in the topology's description.
            _ => {}
        }
    }

    fn started(&self, event: &CommandStarted) {
        command!(event, "Command started", command = cut(&event.command, self.longest).as_str(),);
    }

    fn succeeded(&self, event: &CommandSucceeded) {
        command!(
            event,
            "Command succeeded",
            durationMS = millis(event.duration),
            reply = cut(&event.reply, self.longest).as_str(),
        );
    }
}

fn failed(event: &CommandFailed) {
    command!(event, "Command failed", durationMS = millis(event.duration), failure = %event.failure,);
}

fn selected(of: &Selection) {
    match &of.step {
        Step::Started => selection!(debug, of, "Server selection started"),
        Step::Waiting(left) => selection!(
            info,
            of,
            "Waiting for suitable server to become available",
            remainingTimeMS = whole_millis(*left),
        ),
        Step::Succeeded(server) => selection!(
            debug,
            of,
            "Server selection succeeded",
            serverHost = server.host(),
            serverPort = server.tcp_port(),
        ),
        Step::Failed(error) => selection!(debug, of, "Server selection failed", failure = error.message(),),
    }
}

fn closed_because(reason: ConnectionClosedReason) -> &'static str {
    match reason {
        ConnectionClosedReason::Stale => "Connection became stale because the pool was cleared",
        ConnectionClosedReason::Idle => {
            "Connection has been available but unused for longer than the configured max idle time"
        }
        ConnectionClosedReason::Error => "An error occurred while using the connection",
        ConnectionClosedReason::PoolClosed => "Connection pool was closed",
    }
}

fn not_checked_out_because(reason: CheckOutFailedReason) -> &'static str {
    match reason {
        CheckOutFailedReason::PoolClosed => "Connection pool was closed",
        CheckOutFailedReason::Timeout => "Wait queue timeout elapsed without a connection becoming available",
        CheckOutFailedReason::ConnectionError => {
            "An error occurred while trying to establish a new connection"
        }
    }
}

fn hex(id: Option<ObjectId>) -> Option<String> {
    id.map(ObjectId::to_hex)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
