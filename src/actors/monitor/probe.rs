//! Asks the server at once whether it answers, over a socket of its own: what the monitor's
//! other sockets wait for says nothing of this moment. The socket is opened by the first
//! question, and stays for a while.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at};

use super::MonitorPlan;
use super::check::Check;
use super::messages::Probe;
use crate::error::{Error, Kind, Result};

/// How long the socket is kept without a question: several rounds of a common health check.
const KEPT: Duration = Duration::from_secs(60);

/// Questions that wait; written by the actor's handler, taken by its future, on one thread.
#[derive(Debug, Default)]
pub struct Questions {
    waiting: RefCell<Vec<Probe>>,
    asked: Notify,
}

impl Questions {
    /// One more. It is answered by a check that begins after this.
    pub fn ask(&self, question: Probe) {
        self.waiting.borrow_mut().push(question);
        self.asked.notify_one();
    }

    /// Those that somebody still waits for, as soon as there are any.
    async fn next(&self) -> Vec<Probe> {
        loop {
            let mut questions = self.waiting.take();
            questions.retain(|question| !question.answer.is_closed());
            if !questions.is_empty() {
                return questions;
            }
            self.asked.notified().await;
        }
    }
}

/// Answers questions for ever, those that came together by one check.
pub async fn answer(plan: Rc<MonitorPlan>, questions: Rc<Questions>) {
    let mut check = Check::new(&plan).polling();
    loop {
        let asked = match timeout(KEPT, questions.next()).await {
            Ok(asked) => asked,
            Err(_) => {
                check.disconnect();
                questions.next().await
            }
        };
        let Some(until) = asked.iter().map(|question| question.until).max() else { continue };
        let outcome = match timeout_at(until.into(), pin!(once(&mut check))).await {
            Ok(outcome) => outcome,
            Err(_) => Err(late(&plan)),
        };
        if outcome.is_err() {
            check.disconnect();
        }
        for question in asked {
            // Whoever does not want it any more has left, or has another answer.
            let _ = question.answer.try_send(outcome.clone());
        }
    }
}

/// One answer. A socket that was kept may have died meanwhile, and says nothing of the server
/// then: a new one is tried.
async fn once(check: &mut Check<'_>) -> Result<()> {
    if check.is_connected() && check.next().await.is_ok() {
        return Ok(());
    }
    check.disconnect();
    check.next().await.map(drop).map_err(|(_, error)| error)
}

fn late(plan: &MonitorPlan) -> Error {
    let sentence = "the server did not answer a hello in the time given";
    Error::new(Kind::Timeout, sentence).with_server(&plan.server)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::sync::mpsc;

    use super::*;

    fn question() -> (Probe, mpsc::Receiver<Result<()>>) {
        let (answer, answers) = mpsc::channel(1);
        (Probe { until: Instant::now(), answer }, answers)
    }

    #[test]
    fn questions_are_taken_together_without_those_that_nobody_waits_for() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let questions = Questions::default();
        let (first, _wait) = question();
        let (second, gone) = question();
        let (third, _wait_too) = question();
        drop(gone);
        for question in [first, second, third] {
            questions.ask(question);
        }
        assert_eq!(runtime.block_on(questions.next()).len(), 2);
        // One that comes later is not lost to the wake-ups of the former.
        let (late, _wait) = question();
        questions.ask(late);
        assert_eq!(runtime.block_on(questions.next()).len(), 1);
    }
}
