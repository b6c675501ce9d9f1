//! Cases of pools: operations on one pool, from several threads, and the events they cause.
//! The pool, its sockets and their supervisor are the real ones; see `harness.rs`.

mod harness;
mod recorder;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_mongo::pool::Lease;
use actix_mongo::{Error, Kind};
use bson::Document;
use serde_json::Value;
use test_support::real_server::{Options, installed};
use test_support::scripted::Client;
use test_support::{RealServer, ScriptedServer};

use self::harness::{Harness, Settings};
pub use self::recorder::matches;
use crate::case::Case;
use crate::corpus::TestFile;
use crate::json;

/// How long an event may take that the case sets no limit for.
const PATIENCE: Duration = Duration::from_secs(20);

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    let description = content.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    if content.get("style").and_then(Value::as_str) == Some("integration") && installed().is_none() {
        let reason = "the real server is not installed (`cargo xtask test` does it)";
        return vec![Case::skipped(file, &description, reason.to_owned())];
    }
    vec![Case::new(file, &description, move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    match json::text(case, "style")? {
        "unit" => {
            let server = ScriptedServer::start();
            on(server.address(), case)
        }
        "integration" => {
            // One for each case: a fail point holds for a whole server.
            let server = RealServer::start(Options::new().standalone()).map_err(|it| it.to_string())?;
            let mut client = Client::connect(server.address());
            check_version(&mut client, case)?;
            if let Some(fail_point) = case.get("failPoint") {
                let mut command = json::document(fail_point)?;
                command.insert("$db", "admin");
                expect_ok(&client.run(command).map_err(|lost| lost.to_string())?)?;
            }
            on(server.address(), case)
        }
        other => Err(format!("a style that the runner does not know: {other}")),
    }
}

fn expect_ok(reply: &Document) -> Result<(), String> {
    let ok = reply.get_f64("ok").is_ok_and(|ok| ok == 1.0);
    ok.then_some(()).ok_or_else(|| format!("the server answers {reply}"))
}

/// The real server is newer than any of these ask for; an older one is no silent pass.
fn check_version(client: &mut Client, case: &Value) -> Result<(), String> {
    let reply = client.run(bson::doc! { "buildInfo": 1, "$db": "admin" }).map_err(|lost| lost.to_string())?;
    let version = reply.get_str("version").map_err(|error| error.to_string())?;
    let numbers = |text: &str| text.split('.').map_while(|part| part.parse().ok()).collect::<Vec<u32>>();
    for requirement in json::array(case, "runOn")? {
        let least = json::text(requirement, "minServerVersion")?;
        if numbers(version) < numbers(least) {
            return Err(format!("the server is {version}, and the case needs {least}"));
        }
    }
    Ok(())
}

fn on(server: SocketAddr, case: &Value) -> Result<(), String> {
    let settings = Settings::parse(case.get("poolOptions"))?;
    let stage = Arc::new(Stage { pool: Harness::start(server, &settings)?, leases: Mutex::default() });
    let mut threads = BTreeMap::new();
    let mut outcome = Ok(());
    for operation in json::array(case, "operations")? {
        outcome = step(&stage, &mut threads, operation);
        if outcome.is_err() {
            break;
        }
    }
    let result = check_error(case, outcome).and_then(|()| check_events(case, &stage));
    result.map_err(|reason| format!("{reason}\nevents: {:#?}", stage.pool.recorder.names()))
}

/// What all threads of a case share.
struct Stage {
    pool: Harness,
    leases: Mutex<Leases>,
}

#[derive(Default)]
struct Leases {
    by_label: BTreeMap<String, Lease>,
    /// Held until the case is over.
    nameless: Vec<Lease>,
}

/// Why a case can't go on.
enum Stop {
    /// An error of the driver's, which the case may expect.
    Driver(Error),
    /// Something that the runner did not understand, or waited for in vain.
    Runner(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Runner(reason)
    }
}

/// A named thread of a case.
struct Actor {
    orders: mpsc::Sender<Value>,
    thread: JoinHandle<Result<(), Stop>>,
}

fn step(stage: &Arc<Stage>, threads: &mut BTreeMap<String, Actor>, operation: &Value) -> Result<(), Stop> {
    match json::text(operation, "name")? {
        "start" => {
            let (orders, todo) = mpsc::channel::<Value>();
            let stage = stage.clone();
            let thread = thread::spawn(move || todo.iter().try_for_each(|order| perform(&stage, &order)));
            threads.insert(json::text(operation, "target")?.to_owned(), Actor { orders, thread });
            Ok(())
        }
        "waitForThread" => {
            let target = json::text(operation, "target")?;
            let Actor { orders, thread } =
                threads.remove(target).ok_or_else(|| format!("there is no thread {target}"))?;
            drop(orders);
            thread.join().map_err(|_| Stop::Runner(format!("{target} panicked")))?
        }
        _ => match operation.get("thread").and_then(Value::as_str) {
            None => perform(stage, operation),
            Some(name) => {
                let thread = threads.get(name).ok_or_else(|| format!("there is no thread {name}"))?;
                let sent = thread.orders.send(operation.clone());
                sent.map_err(|_| Stop::Runner(format!("{name} has ended")))
            }
        },
    }
}

fn perform(stage: &Stage, operation: &Value) -> Result<(), Stop> {
    let pool = &stage.pool;
    let number = |key: &str| json::integer(json::field(operation, key)?).map(i64::unsigned_abs);
    let leases = || stage.leases.lock().unwrap_or_else(PoisonError::into_inner);
    match json::text(operation, "name")? {
        "wait" => thread::sleep(Duration::from_millis(number("ms")?)),
        "waitForEvent" => {
            let patience = match operation.get("timeout") {
                Some(_) => Duration::from_millis(number("timeout")?),
                None => PATIENCE,
            };
            let count = usize::try_from(number("count")?).map_err(|error| error.to_string())?;
            pool.recorder.wait_for(json::text(operation, "event")?, count, patience)?;
        }
        "checkOut" => {
            let lease = pool.check_out().map_err(Stop::Driver)?;
            match operation.get("label").and_then(Value::as_str) {
                Some(label) => drop(leases().by_label.insert(label.to_owned(), lease)),
                None => leases().nameless.push(lease),
            }
        }
        "checkIn" => {
            let label = json::text(operation, "connection")?;
            let lease = leases().by_label.remove(label);
            pool.check_in(lease.ok_or_else(|| format!("nothing is labelled {label}"))?)?;
        }
        "ready" => pool.ready()?,
        "clear" => {
            let interrupt = operation.get("interruptInUseConnections").and_then(Value::as_bool);
            pool.clear(interrupt.unwrap_or(false))?;
        }
        "close" => pool.close()?,
        other => return Err(Stop::Runner(format!("an operation that the runner does not know: {other}"))),
    }
    Ok(())
}

fn check_error(case: &Value, outcome: Result<(), Stop>) -> Result<(), String> {
    let error = match (case.get("error"), outcome) {
        (_, Err(Stop::Runner(reason))) => return Err(reason),
        (None, Ok(())) => return Ok(()),
        (None, Err(Stop::Driver(error))) => return Err(format!("it failed: {error:?}")),
        (Some(expected), Ok(())) => return Err(format!("it did not fail with {expected}")),
        (Some(expected), Err(Stop::Driver(error))) => (expected, error),
    };
    let (expected, error) = error;
    let name = match error.kind() {
        Kind::Closed => "PoolClosedError",
        Kind::PoolCleared => "PoolClearedError",
        Kind::WaitQueueTimeout => "WaitQueueTimeoutError",
        _ => "another error",
    };
    // The sentence of the specification comes first; behind it the driver may tell more.
    let sentence = error.message().split("; ").next().unwrap_or_default();
    let actual = serde_json::json!({ "type": name, "message": sentence, "address": error.server() });
    matches(expected, &actual).map_err(|reason| format!("the error {error:?}: {reason}"))
}

fn check_events(case: &Value, stage: &Stage) -> Result<(), String> {
    let ignored: Vec<&str> = json::array(case, "ignore")?.iter().filter_map(Value::as_str).collect();
    let expected = json::array(case, "events")?;
    let actual = stage.pool.recorder.at_least(expected.len(), &ignored);
    for (index, expected) in expected.iter().enumerate() {
        let Some(actual) = actual.get(index) else {
            return Err(format!("event {} did not come: {expected}", index + 1));
        };
        matches(expected, actual).map_err(|reason| format!("event {}: {reason}", index + 1))?;
    }
    Ok(())
}
