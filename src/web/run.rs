//! The end of a server and then of its connection, together within one grace period.

use std::fmt;
use std::future::{IntoFuture, pending};
use std::io;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use tokio::time::{sleep_until, timeout_at};

use crate::connection::Connection;
use crate::race::{Either, race};

/// The most that is kept back of the grace for the connection: it kills cursors and ends
/// sessions in at most two seconds, and closes its sockets in one.
const RESERVE: Duration = Duration::from_secs(3);

/// Runs a server until it is told to stop, and then closes the connection: all of that within
/// `grace` of being told.
///
/// - **What stops it**: the signals that actix-web listens to (SIGTERM gracefully; SIGINT and
///   SIGQUIT at once; Ctrl-C elsewhere), also if the server itself has
///   [signals disabled](actix_web::HttpServer::disable_signals); a future of the application's
///   ([`Run::stop_on`]), gracefully; and the server's own
///   [handle](actix_web::dev::Server::handle), but then the grace begins when the server has
///   ended, since it tells nobody when that began.
/// - **First the workers drain**: requests under way have the server's
///   [`shutdown_timeout`](actix_web::HttpServer::shutdown_timeout) to finish, and the connection
///   works for them as ever. Set that timeout below the grace: what it leaves is the
///   connection's. A quarter of the grace, at most three seconds, is kept for that in any case: a
///   server that takes longer is dropped, and with it the requests that hang.
/// - **Then the connection closes**: calls that the application has under way elsewhere get half
///   of what is left, then cursors are killed, sessions ended and sockets closed. When the grace
///   is over this is ready, be that done or not.
///
/// To be awaited in `main`, where actix-web's server would be, and on the runtime that was there
/// when [`HttpServer::run`](actix_web::HttpServer::run) was called. The grace is best a
/// little less than what the orchestrator gives the process between SIGTERM and SIGKILL (30
/// seconds with Kubernetes, 10 with Docker).
///
/// Fails with what the server fails with: it could not start. The connection is closed then,
/// too.
///
/// Cancel safety: dropped before, the server is dropped, which ends it; the connection ends with
/// its last handle.
///
/// ```no_run
/// # use std::time::Duration;
/// # use actix_mongo::Connection;
/// # use actix_web::{App, HttpServer, web::Data};
/// # async fn example(connection: Connection) -> std::io::Result<()> {
/// let data = Data::new(connection.clone());
/// let server = HttpServer::new(move || App::new().app_data(data.clone()))
///     .shutdown_timeout(20)
///     .bind("127.0.0.1:8080")?
///     .run();
/// actix_mongo::web::run(server, connection, Duration::from_secs(25)).await
/// # }
/// ```
pub fn run<D: 'static>(server: Server, connection: Connection<D>, grace: Duration) -> Run {
    let close = Box::new(move |grace| connection.close(grace));
    Run { server, close, grace, stop: Box::pin(pending()) }
}

/// A server that will run; see [`run`].
#[must_use = "it does nothing before it is awaited"]
pub struct Run {
    server: Server,
    close: Close,
    grace: Duration,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The connection, whatever its documents are.
type Close = Box<dyn FnOnce(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Run {
    /// Stops gracefully, as at a SIGTERM, when this future is ready. Of several the last counts.
    ///
    /// ```no_run
    /// # use std::{sync::Arc, time::Duration};
    /// # async fn example(server: actix_web::dev::Server, connection: actix_mongo::Connection) {
    /// # let grace = Duration::from_secs(25);
    /// let stop = Arc::new(tokio::sync::Notify::new());
    /// let run = actix_mongo::web::run(server, connection, grace).stop_on(stop.clone().notified_owned());
    /// // Elsewhere: stop.notify_one();
    /// # let _ = run.await;
    /// # }
    /// ```
    pub fn stop_on(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Box::pin(stop);
        self
    }

    async fn until_closed(self) -> io::Result<()> {
        let Self { mut server, close, grace, stop } = self;
        let handle = server.handle();
        let told = async { race(stop, pin!(signal())).await };
        let (ended, until) = match race(&mut server, pin!(told)).await {
            Either::Left(ended) => (ended, later(grace)),
            Either::Right(told) => {
                let until = later(grace);
                // The server may have heard the same signal: then this says nothing new. It is
                // told when it is called; what comes back would only wait for the end.
                drop(handle.stop(!matches!(told, Either::Right(Haste::AtOnce))));
                (drain(server, until, grace).await, until)
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        if timeout_at(until.into(), close(left / 2)).await.is_err() {
            tracing::warn!(target: "actix_mongo::web", ?grace, "the connection had not closed when the grace was over");
        }
        ended
    }
}

impl IntoFuture for Run {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.until_closed())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("grace", &self.grace).finish_non_exhaustive()
    }
}

/// Waits for a server that was told to stop, as long as the connection's part of the grace is
/// not touched.
async fn drain(mut server: Server, until: Instant, grace: Duration) -> io::Result<()> {
    let reserve = RESERVE.min(grace / 4);
    let latest = until.checked_sub(reserve).unwrap_or(until);
    match race(&mut server, pin!(sleep_until(latest.into()))).await {
        Either::Left(ended) => ended,
        Either::Right(()) => {
            let sentence = "requests were still under way when the grace was nearly over, and are broken off; \
                            lower the server's shutdown_timeout";
            tracing::warn!(target: "actix_mongo::web", ?grace, "{sentence}");
            Ok(())
        }
    }
}

/// So long from now; within what the clock can tell.
fn later(grace: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    Instant::now() + grace.min(LONGEST)
}

/// How a signal wants a server to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    Gracefully,
    AtOnce,
}

/// Ready at the first of the signals that actix-web stops at. One that can't be listened to is
/// left out, as actix-web does.
#[cfg(unix)]
async fn signal() -> Haste {
    use actix_web::rt::signal::unix::{SignalKind, signal};
    let kinds = [
        (SignalKind::terminate(), Haste::Gracefully),
        (SignalKind::interrupt(), Haste::AtOnce),
        (SignalKind::quit(), Haste::AtOnce),
    ];
    let mut signals: Vec<_> =
        kinds.into_iter().filter_map(|(kind, haste)| Some((signal(kind).ok()?, haste))).collect();
    std::future::poll_fn(|task| {
        let told = signals
            .iter_mut()
            .find_map(|(signal, haste)| signal.poll_recv(task).is_ready().then_some(*haste));
        told.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}

#[cfg(not(unix))]
async fn signal() -> Haste {
    match actix_web::rt::signal::ctrl_c().await {
        Ok(()) => Haste::AtOnce,
        Err(_) => pending().await,
    }
}
