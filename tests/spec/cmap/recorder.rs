//! Keeps the events of a case as the cases write them, and waits for them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_mongo::events::{CheckOutFailedReason, ConnectionClosedReason, Event};
use serde_json::{Value, json};

/// How long the last events may take to arrive.
const LAST: Duration = Duration::from_secs(5);

/// All events so far.
#[derive(Clone, Default)]
pub struct Recorder(Arc<(Mutex<Vec<Value>>, Condvar)>);

impl Recorder {
    /// Called by the driver.
    pub fn record(&self, event: &Event) {
        if let Some(event) = value(event) {
            self.events().push(event);
            self.0.1.notify_all();
        }
    }

    /// Waits until there were so many of this name.
    pub fn wait_for(&self, name: &str, count: usize, patience: Duration) -> Result<(), String> {
        let seen = |events: &[Value]| events.iter().filter(|event| event["type"] == name).count();
        let events = self.wait(patience, |events| seen(events) >= count);
        match seen(&events) {
            found if found >= count => Ok(()),
            found => Err(format!("{found} of {count} {name} came within {patience:?}")),
        }
    }

    /// All events but those ignored; waits a little until there are so many.
    pub fn at_least(&self, count: usize, ignored: &[&str]) -> Vec<Value> {
        let kept = |event: &&Value| !ignored.iter().any(|name| event["type"] == *name);
        let events = self.wait(LAST, |events| events.iter().filter(kept).count() >= count);
        events.iter().filter(kept).cloned().collect()
    }

    /// For the report of a failure.
    pub fn names(&self) -> Vec<String> {
        self.events().iter().map(ToString::to_string).collect()
    }

    fn wait(&self, patience: Duration, done: impl Fn(&[Value]) -> bool) -> MutexGuard<'_, Vec<Value>> {
        let deadline = Instant::now() + patience;
        let mut events = self.events();
        while !done(&events) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            events = self.0.1.wait_timeout(events, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        events
    }

    fn events(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` for events that are not a pool's.
fn value(event: &Event) -> Option<Value> {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let value = match event {
        Event::PoolCreated(event) => json!({
            "type": "ConnectionPoolCreated", "address": event.address.to_string(),
            "options": format!("{:?}", event.options),
        }),
        Event::PoolReady(event) => {
            json!({ "type": "ConnectionPoolReady", "address": event.address.to_string() })
        }
        Event::PoolCleared(event) => json!({
            "type": "ConnectionPoolCleared", "address": event.address.to_string(),
            "interruptInUseConnections": event.interrupt_in_use_connections,
        }),
        Event::PoolClosed(event) => {
            json!({ "type": "ConnectionPoolClosed", "address": event.address.to_string() })
        }
        Event::ConnectionCreated(event) => json!({
            "type": "ConnectionCreated", "address": event.address.to_string(),
            "connectionId": event.connection_id,
        }),
        Event::ConnectionReady(event) => json!({
            "type": "ConnectionReady", "address": event.address.to_string(),
            "connectionId": event.connection_id, "duration": milliseconds(event.duration),
        }),
        Event::ConnectionClosed(event) => json!({
            "type": "ConnectionClosed", "address": event.address.to_string(),
            "connectionId": event.connection_id,
            "reason": match event.reason {
                ConnectionClosedReason::Stale => "stale",
                ConnectionClosedReason::Idle => "idle",
                ConnectionClosedReason::Error => "error",
                ConnectionClosedReason::PoolClosed => "poolClosed",
                _ => "unknown",
            },
        }),
        Event::ConnectionCheckOutStarted(event) => {
            json!({ "type": "ConnectionCheckOutStarted", "address": event.address.to_string() })
        }
        Event::ConnectionCheckOutFailed(event) => json!({
            "type": "ConnectionCheckOutFailed", "address": event.address.to_string(),
            "duration": milliseconds(event.duration),
            "reason": match event.reason {
                CheckOutFailedReason::PoolClosed => "poolClosed",
                CheckOutFailedReason::Timeout => "timeout",
                CheckOutFailedReason::ConnectionError => "connectionError",
                _ => "unknown",
            },
        }),
        Event::ConnectionCheckedOut(event) => json!({
            "type": "ConnectionCheckedOut", "address": event.address.to_string(),
            "connectionId": event.connection_id, "duration": milliseconds(event.duration),
        }),
        Event::ConnectionCheckedIn(event) => json!({
            "type": "ConnectionCheckedIn", "address": event.address.to_string(),
            "connectionId": event.connection_id,
        }),
        _ => return None,
    };
    Some(value)
}

/// Whether `expected` is part of `actual`; 42 and "42" stand for anything.
pub fn matches(expected: &Value, actual: &Value) -> Result<(), String> {
    let differs = || Err(format!("expected {expected}, got {actual}"));
    if *expected == 42 || *expected == "42" {
        return if actual.is_null() { differs() } else { Ok(()) };
    }
    match (expected, actual) {
        (Value::Object(expected), Value::Object(fields)) => expected.iter().try_for_each(|(key, value)| {
            let field = fields.get(key).ok_or_else(|| format!("{actual} has no {key}"))?;
            matches(value, field).map_err(|reason| format!("{reason} in {actual}"))
        }),
        (Value::Array(expected), Value::Array(items)) => {
            expected.iter().enumerate().try_for_each(|(index, value)| match items.get(index) {
                Some(item) => matches(value, item),
                None => Err(format!("{actual} ends before {value}")),
            })
        }
        _ if expected == actual => Ok(()),
        _ => differs(),
    }
}
