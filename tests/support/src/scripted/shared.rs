//! What the connections of a scripted server share with the test's handle.

use super::hello::Hello;
use super::log::{CommandRecord, ConnectionRecord, End, SharedLog};
use super::replies::Canned;
use super::rule::Rule;
use super::shape::Then;
use bson::{Binary, Document, Timestamp, doc, oid::ObjectId, spec::BinarySubtype};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{oneshot, watch};

pub(super) struct Shared {
    pub address: SocketAddr,
    pub log: SharedLog,
    rules: Mutex<Vec<Rule>>,
    canned: Mutex<Canned>,
    /// The hello and the counter of its topology version. Held-back hellos wait
    /// on it.
    hello: watch::Sender<(Hello, i64)>,
    process: ObjectId,
    cluster_time: AtomicU32,
    /// How to end each open connection from outside.
    orders: Mutex<HashMap<usize, oneshot::Sender<Then>>>,
}

impl Shared {
    pub fn new(address: SocketAddr, hello: Hello, rules: Vec<Rule>, documents: Vec<Document>) -> Self {
        Self {
            address,
            log: SharedLog::default(),
            rules: Mutex::new(rules),
            canned: Mutex::new(Canned::new(address.port(), documents)),
            hello: watch::Sender::new((hello, 0)),
            process: ObjectId::new(),
            cluster_time: AtomicU32::new(0),
            orders: Mutex::default(),
        }
    }

    /// Enters a new connection; the receiver resolves when it is to end.
    pub fn accepted(&self, peer: SocketAddr) -> (usize, oneshot::Receiver<Then>) {
        let (sender, receiver) = oneshot::channel();
        let number = self.log.change(|log| {
            let number = log.connections.len() + 1;
            let end = None;
            log.connections.push(ConnectionRecord { number, peer, end });
            // Under the log's lock: a test that sees the connection can end it.
            lock(&self.orders).insert(number, sender);
            number
        });
        (number, receiver)
    }

    pub fn ended(&self, number: usize, end: End) {
        lock(&self.orders).remove(&number);
        self.log.change(|log| {
            log.connections[number - 1].end.get_or_insert(end);
        });
    }

    pub fn end_connection(&self, number: usize, then: Then) -> bool {
        let order = lock(&self.orders).remove(&number);
        order.is_some_and(|order| order.send(then).is_ok())
    }

    /// The numbers of those it ends.
    pub fn end_all(&self, then: Then) -> Vec<usize> {
        let orders = lock(&self.orders).drain().collect::<Vec<_>>();
        // The receiver is gone if the connection ends at this moment.
        orders.into_iter().filter_map(|(number, order)| order.send(then).is_ok().then_some(number)).collect()
    }

    pub fn protocol_error(&self, error: String) {
        self.log.change(|log| log.protocol_errors.push(error));
    }

    /// Records a command and picks its rule.
    pub fn command(&self, mut command: CommandRecord) -> (CommandRecord, Option<Rule>) {
        self.log.change(|log| {
            command.order = log.commands.len();
            log.commands.push(command.clone());
            // Under the log's lock, so that the n-th match is the n-th record.
            let mut rules = lock(&self.rules);
            let rule = rules.iter_mut().find_map(|rule| rule.take(&command).then(|| rule.clone()));
            (command, rule)
        })
    }

    pub fn answered(&self, order: usize) {
        self.log.change(|log| log.commands[order].answered = true);
    }

    pub fn add_rule(&self, rule: Rule) {
        lock(&self.rules).push(rule);
    }

    pub fn clear_rules(&self) {
        lock(&self.rules).clear();
    }

    pub fn set_documents(&self, documents: Vec<Document>) {
        lock(&self.canned).documents = documents;
    }

    pub fn open_cursors(&self) -> usize {
        lock(&self.canned).open_cursors()
    }

    pub fn set_hello(&self, hello: Hello) {
        self.hello.send_modify(|(current, counter)| {
            *current = hello;
            *counter += 1;
        });
    }

    /// The counter, and whether the server streams at all.
    pub fn topology_counter(&self) -> (i64, bool) {
        let state = self.hello.borrow();
        let streams = state.0.topology_version(self.process, 0).is_some();
        (state.1, streams)
    }

    /// Waits until the topology version differs from the one seen, or is no
    /// longer offered.
    pub async fn topology_after(&self, seen: i64) {
        let process = self.process;
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = self
            .hello
            .subscribe()
            .wait_for(|(hello, counter)| *counter != seen || hello.topology_version(process, 0).is_none())
            .await;
    }

    /// What the command gets when no rule speaks.
    pub fn ordinary_reply(&self, command: &CommandRecord) -> Document {
        let (hello, counter) = self.hello.borrow().clone();
        let mut reply = if command.is_hello() {
            let version = hello.topology_version(self.process, counter);
            let modern = command.name == "hello";
            hello.to_document(self.address, command.connection, version, modern)
        } else {
            lock(&self.canned).reply(command)
        };
        if hello.has_cluster_time() {
            let increment = self.cluster_time.fetch_add(1, Ordering::Relaxed) + 1;
            let time = Timestamp { time: 1_700_000_000, increment };
            let hash = Binary { subtype: BinarySubtype::Generic, bytes: vec![0; 20] };
            let signature = doc! { "hash": hash, "keyId": 0_i64 };
            reply.insert("$clusterTime", doc! { "clusterTime": time, "signature": signature });
            reply.insert("operationTime", time);
        }
        reply
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
