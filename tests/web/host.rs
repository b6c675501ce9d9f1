//! An application on a thread of its own, under either kind of runtime, run to its end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_mongo::Connection;
use actix_mongo::web::run;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use test_support::real_server::Options;
use test_support::{RealServer, block_on};
use tokio::sync::Notify;

/// A server that runs already.
const URI_VARIABLE: &str = "ACTIX_MONGO_TEST_URI";
/// For what happens in the background.
pub const SOON: Duration = Duration::from_secs(10);
/// Workers of each application.
pub const WORKERS: usize = 2;

/// The connection string of the server that tests share.
pub fn uri() -> String {
    static SHARED: OnceLock<Mutex<RealServer>> = OnceLock::new();
    std::env::var(URI_VARIABLE)
        .unwrap_or_else(|_| SHARED.get_or_init(|| Mutex::new(real())).lock().unwrap().uri())
}

/// A server for one test.
pub fn real() -> RealServer {
    RealServer::start(Options::new()).unwrap_or_else(|error| panic!("{error}"))
}

/// A connection that is ready.
pub fn connect(uri: &str) -> Connection {
    block_on(Connection::connect(uri)).unwrap()
}

/// What actix-web runs under.
#[derive(Clone, Copy, Debug)]
pub enum Under {
    Actix,
    Tokio,
}

impl Under {
    pub const ALL: [Self; 2] = [Self::Actix, Self::Tokio];

    /// Runs a future to its end on this thread.
    pub fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        match self {
            Self::Actix => actix::System::new().block_on(future),
            Self::Tokio => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                builder.worker_threads(2).enable_all().build().unwrap().block_on(future)
            }
        }
    }
}

/// How long an application has for its end.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The HTTP server's, in seconds.
    pub shutdown: u64,
    /// All of it.
    pub grace: Duration,
}

/// Ample for all that does not hang.
pub const AMPLE: Times = Times { shutdown: 10, grace: Duration::from_secs(15) };

/// An application that runs.
pub struct Host {
    pub address: SocketAddr,
    stop: Arc<Notify>,
    ended: mpsc::Receiver<(io::Result<()>, Instant)>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts one; `configure` is called once per worker.
    pub fn start(
        under: Under,
        times: Times,
        connection: Connection,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, (tell, ended)) = (Arc::new(Notify::new()), mpsc::channel());
        let stopped = stop.clone().notified_owned();
        let main = move || {
            let app = move || App::new().configure(configure.clone());
            let result = under.block_on(async move {
                let server = HttpServer::new(app).workers(WORKERS).shutdown_timeout(times.shutdown);
                let server = server.disable_signals().listen(listener).unwrap().run();
                run(server, connection, times.grace).stop_on(stopped).await
            });
            tell.send((result, Instant::now())).unwrap();
        };
        Self { address, stop, ended, thread: Some(std::thread::spawn(main)) }
    }

    /// Asks it to stop; when that was.
    pub fn stop(&self) -> Instant {
        let now = Instant::now();
        self.stop.notify_one();
        now
    }

    /// Waits for its end: when that was.
    #[track_caller]
    pub fn ended(mut self) -> Instant {
        let (result, at) = self.ended.recv_timeout(Duration::from_secs(60)).unwrap();
        result.unwrap();
        self.thread.take().unwrap().join().unwrap();
        at
    }

    /// Both; how long it took.
    #[track_caller]
    pub fn end(self) -> Duration {
        let begin = self.stop();
        self.ended() - begin
    }
}
