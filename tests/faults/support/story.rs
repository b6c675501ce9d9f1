//! One story at a time, and what must be gone at its end.

use std::fs;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use test_support::poll::holds_within;

use super::SOON;

/// Begun before anything else in a test, so that it ends after all else. Then no thread of
/// the library and no socket that was not there before may be left.
pub struct Story {
    began: Instant,
    _turn: MutexGuard<'static, ()>,
}

impl Story {
    pub fn begin() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        // A story that failed says so itself.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let own = own_sockets();
        // A story that failed may still be leaving.
        holds_within(SOON, || threads().is_empty() && sockets() == own);
        Self { began: Instant::now(), _turn: turn }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.began.elapsed().as_secs() >= 1 {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            println!("{name} took {:.1} s", self.began.elapsed().as_secs_f64());
        }
        let before = own_sockets();
        let gone = holds_within(SOON, || threads().is_empty() && sockets() == before);
        let after = sockets();
        assert!(gone, "left behind: threads {:?}, sockets {before} before and {after} after", threads());
    }
}

/// Sockets of the process itself: a runtime's first start opens a pair for signals, which
/// stays.
fn own_sockets() -> usize {
    static OWN: OnceLock<usize> = OnceLock::new();
    *OWN.get_or_init(|| {
        let lazy = actix_mongo::Connection::connect_lazy("mongodb://127.0.0.1:1").unwrap();
        super::soon(lazy.close(std::time::Duration::ZERO));
        drop(lazy);
        assert!(holds_within(SOON, || threads().is_empty()));
        sockets()
    })
}

/// The names of the threads that run the library's actors.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map_while(Result::ok);
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("actix")).collect()
}

fn sockets() -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap().map_while(Result::ok);
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
