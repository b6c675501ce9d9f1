//! The test's handle of a scripted server.

use super::hello::Hello;
use super::listen::{self, Accept, Switch};
use super::log::{End, Log};
use super::rule::Rule;
use super::shape::Then;
use super::shared::Shared;
use bson::Document;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// For a connection that was told to end: its task need only be run.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A running scripted server. Dropping it closes every connection.
pub struct ScriptedServer {
    shared: Arc<Shared>,
    /// `None` once stopped.
    switches: Option<UnboundedSender<Switch>>,
    thread: Option<JoinHandle<()>>,
}

/// What a scripted server starts with.
#[derive(Clone)]
pub struct ScriptedServerBuilder {
    hello: Hello,
    rules: Vec<Rule>,
    documents: Vec<Document>,
    accept: Accept,
}

impl ScriptedServerBuilder {
    /// What it says about itself; at first [`Hello::standalone`].
    pub fn hello(mut self, hello: Hello) -> Self {
        self.hello = hello;
        self
    }

    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// What every `find` and `aggregate` yields.
    pub fn documents(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.documents = documents.into_iter().collect();
        self
    }

    /// What the first connections get.
    pub fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    /// Starts it. It listens when this returns.
    pub fn start(self) -> ScriptedServer {
        let (sender, switches) = unbounded_channel();
        let (started, start) = sync_channel(1);
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the system has room for a runtime");
            runtime.block_on(async move {
                let (port, address) = listen::bind(self.accept).expect("a free port on the loopback");
                let shared = Shared::new(address, self.hello, self.rules, self.documents);
                let shared = Arc::new(shared);
                started.send(shared.clone()).expect("`start` waits for it");
                let result = listen::run(shared, port, self.accept, switches).await;
                result.expect("the listener of a scripted server works");
            });
        };
        let thread = thread::Builder::new()
            .name("scripted-server".into())
            .spawn(body)
            .expect("the system has room for a thread");
        ScriptedServer {
            shared: start.recv().expect("the server's thread started"),
            switches: Some(sender),
            thread: Some(thread),
        }
    }
}

impl ScriptedServer {
    /// Starts a standalone server without rules or documents.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts the primary of a set of one member.
    pub fn start_primary(set_name: &str) -> Self {
        Self::builder().hello(Hello::primary(set_name)).start()
    }

    /// For more than the defaults.
    pub fn builder() -> ScriptedServerBuilder {
        ScriptedServerBuilder {
            hello: Hello::standalone(),
            rules: Vec::new(),
            documents: Vec::new(),
            accept: Accept::Serve,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// A connection string for it.
    pub fn uri(&self) -> String {
        format!("mongodb://{}/", self.address())
    }

    /// Adds a rule behind the others.
    pub fn rule(&self, rule: Rule) {
        self.shared.add_rule(rule);
    }

    /// Forgets all rules.
    pub fn clear_rules(&self) {
        self.shared.clear_rules();
    }

    /// Changes what every later `find` and `aggregate` yields.
    pub fn set_documents(&self, documents: impl IntoIterator<Item = Document>) {
        self.shared.set_documents(documents.into_iter().collect());
    }

    /// Changes what it says about itself. Raises the topology version, and with
    /// that answers every hello that is held back.
    pub fn set_hello(&self, hello: Hello) {
        self.shared.set_hello(hello);
    }

    /// Changes what new connections get; in force when it returns.
    pub fn accept(&self, accept: Accept) {
        let (done, wait) = sync_channel(1);
        let switches = self.switches.as_ref().expect("the server runs");
        let sent = switches.send(Switch { accept, done });
        assert!(sent.is_ok() && wait.recv().is_ok(), "the thread of the scripted server has died");
    }

    /// Closes an open connection by its number; whether it was open. It is closed when this
    /// returns.
    pub fn close_connection(&self, number: usize) -> bool {
        self.end_one(number, Then::Close)
    }

    /// Resets an open connection by its number; whether it was open. It is gone when this
    /// returns.
    pub fn reset_connection(&self, number: usize) -> bool {
        self.end_one(number, Then::Reset)
    }

    fn end_one(&self, number: usize, then: Then) -> bool {
        let ends = self.shared.end_connection(number, then);
        if ends {
            self.wait_for(|log| log.connections[number - 1].end.is_some(), ENDS_WITHIN);
        }
        ends
    }

    /// Closes every open connection. They are closed when this returns.
    pub fn close_all(&self) {
        self.end_all(Then::Close);
    }

    /// Resets every open connection. They are gone when this returns.
    pub fn reset_all(&self) {
        self.end_all(Then::Reset);
    }

    fn end_all(&self, then: Then) {
        let ended = self.shared.end_all(then);
        let all = |log: &Log| ended.iter().all(|number| log.connections[number - 1].end.is_some());
        self.wait_for(all, ENDS_WITHIN);
    }

    /// How many of its cursors are open.
    pub fn open_cursors(&self) -> usize {
        self.shared.open_cursors()
    }

    /// All it saw so far.
    pub fn log(&self) -> Log {
        self.shared.log.lock().clone()
    }

    /// Blocks until the log looks as asked.
    ///
    /// Not for a task whose thread must poll something meanwhile; that one uses
    /// [`ScriptedServer::until`].
    ///
    /// # Panics
    /// If it does not within the time, with what the server saw instead.
    #[track_caller]
    pub fn wait_for(&self, condition: impl Fn(&Log) -> bool, within: Duration) {
        self.wait_for_some(|log| condition(log).then_some(()), within);
    }

    /// Blocks until something is found in the log, and returns it.
    ///
    /// # Panics
    /// If nothing is found within the time, with what the server saw instead.
    #[track_caller]
    pub fn wait_for_some<T>(&self, find: impl Fn(&Log) -> Option<T>, within: Duration) -> T {
        match self.shared.log.wait(find, within) {
            Ok(found) => found,
            Err(seen) => panic!("waited {within:?} in vain; the server saw\n{seen}"),
        }
    }

    /// Like [`ScriptedServer::wait_for`], for a task on a tokio runtime.
    ///
    /// # Panics
    /// If it does not within the time, with what the server saw instead.
    pub async fn until(&self, condition: impl Fn(&Log) -> bool, within: Duration) {
        let find = |log: &Log| condition(log).then_some(());
        if let Err(seen) = self.shared.log.until(find, within).await {
            panic!("waited {within:?} in vain; the server saw\n{seen}");
        }
    }

    /// Stops it and returns all it saw.
    pub fn stop(mut self) -> Log {
        self.end();
        self.log()
    }

    fn end(&mut self) {
        // Its listener returns when the channel closes, and the runtime drops
        // every connection with it.
        self.switches = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; `drop` must not add one.
            let _ = thread.join();
        }
        self.shared.log.change(|log| {
            for connection in &mut log.connections {
                connection.end.get_or_insert(End::ByServer);
            }
        });
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.end();
    }
}
