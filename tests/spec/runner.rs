//! Runs cases, a few at a time, each on a thread of its own and under its time limit.

use std::any::Any;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Body, Case, Context, Verdict};
use crate::defects::Defect;
use crate::skip;

/// A case that is over.
#[derive(Clone, Debug)]
pub struct Finished {
    pub directory: String,
    pub name: String,
    pub verdict: Verdict,
    pub duration: Duration,
}

thread_local! {
    /// Where the last panic of this thread happened. Written by the panic hook, which is
    /// the only one to know; read when the panic was caught.
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Cases with servers mostly wait for them.
const WORKERS_PER_CORE: usize = 2;

/// Cases that run one after the other, with their places in the list.
#[derive(Default)]
struct Job {
    lane: Option<String>,
    cases: Vec<(usize, Case)>,
}

/// A job for each lane, the longest first; then one for each other case, as they came.
fn jobs(cases: Vec<Case>) -> Vec<Job> {
    let mut lanes = BTreeMap::<String, Job>::new();
    let mut single = Vec::new();
    for (index, mut case) in cases.into_iter().enumerate() {
        match case.lane.take() {
            Some(lane) => lanes.entry(lane).or_default().cases.push((index, case)),
            None => single.push(Job { lane: None, cases: vec![(index, case)] }),
        }
    }
    let mut jobs: Vec<_> = lanes.into_iter().map(|(lane, job)| Job { lane: Some(lane), ..job }).collect();
    jobs.sort_by_key(|job| Reverse(job.cases.len()));
    jobs.extend(single);
    jobs
}

/// Runs all cases and returns them in the order they came.
pub fn run_all(cases: Vec<Case>, context: &Context, defects: &[Defect]) -> Vec<Finished> {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        PANIC_PLACE.with_borrow_mut(|known| *known = place);
    }));
    let workers = thread::available_parallelism().map_or(2, usize::from) * WORKERS_PER_CORE;
    let count = cases.len();
    let queue = Mutex::new(jobs(cases).into_iter());
    let finished = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no worker panics").next();
                    let Some(Job { lane, cases }) = next else { break };
                    for (index, case) in cases {
                        let done = run_one(case, context, defects);
                        finished.lock().expect("no worker panics").push((index, done));
                    }
                    if let Some(lane) = lane {
                        context.servers.stop(&lane);
                    }
                }
            });
        }
    });
    let _ = panic::take_hook();
    let mut finished = finished.into_inner().expect("no worker panics");
    finished.sort_by_key(|(index, _)| *index);
    finished.into_iter().map(|(_, done)| done).collect()
}

fn run_one(case: Case, context: &Context, defects: &[Defect]) -> Finished {
    let start = Instant::now();
    let verdict = match case.skip {
        Some(skip) => Verdict::Skipped(skip),
        None => {
            let verdict = under_limit(&case.name, case.body, case.time_limit, context);
            skip::judge(verdict, skip::defect_of(&case.name, defects))
        }
    };
    Finished { directory: case.directory, name: case.name, verdict, duration: start.elapsed() }
}

/// A case that takes too long is left behind on its thread; the run goes on without it.
fn under_limit(name: &str, body: Body, limit: Duration, context: &Context) -> Verdict {
    let (sender, receiver) = mpsc::channel();
    let context = Arc::new(context.clone());
    let run = move || {
        let result = panic::catch_unwind(AssertUnwindSafe(|| body(&context)));
        let verdict = result.unwrap_or_else(|panic| Verdict::Failed(panic_sentence(panic.as_ref())));
        // Nobody listens any more once the limit has passed.
        let _ = sender.send(verdict);
    };
    if let Err(error) = thread::Builder::new().name(name.replace('\0', " ")).spawn(run) {
        return Verdict::Failed(format!("no thread for it: {error}"));
    }
    match receiver.recv_timeout(limit) {
        Ok(verdict) => verdict,
        Err(RecvTimeoutError::Timeout) => Verdict::Failed(format!("it took longer than {limit:?}")),
        Err(RecvTimeoutError::Disconnected) => {
            Verdict::Failed("its thread ended without a verdict".to_owned())
        }
    }
}

fn panic_sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    match PANIC_PLACE.take() {
        Some(place) => format!("panic at {place}: {text}"),
        None => format!("panic: {text}"),
    }
}
