//! Asks the server at once whether it answers, over a socket of its own: what the monitor's
//! other sockets wait for says nothing of this moment. The socket is opened by the first
//! question, and stays for a while.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{timeout, timeout_at};

use super::MonitorPlan;
use super::check::Check;
use super::messages::Probe;
use crate::error::{Error, Kind, Result};
use crate::race::{Either, race};

/// How long the socket is kept without a question: several rounds of a common health check.
const KEPT: Duration = Duration::from_secs(60);

/// What a check is left at least, whoever comes after it.
const LEAST: Duration = Duration::from_millis(100);

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

    /// Ready when a check that runs for these has taken as long as it may: all of their time, or
    /// half of that of one who came later. He is answered by the next check, and must not wait
    /// for a hello that a broken socket swallows, however patient those are who asked first.
    async fn patience(&self, asked: &[Probe]) {
        let Some(mut end) = asked.iter().map(|question| question.until).max() else { return };
        loop {
            let now = Instant::now();
            let half = |until: Instant| now + (until.saturating_duration_since(now) / 2).max(LEAST);
            let newcomers = self.waiting.borrow().iter().map(|question| half(question.until)).min();
            end = newcomers.map_or(end, |newcomers| end.min(newcomers));
            if timeout_at(end.into(), self.asked.notified()).await.is_err() {
                return;
            }
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
        let outcome = match race(pin!(once(&mut check)), pin!(questions.patience(&asked))).await {
            Either::Left(outcome) => Some(outcome),
            Either::Right(()) => None,
        };
        if !matches!(outcome, Some(Ok(()))) {
            check.disconnect();
        }
        let now = Instant::now();
        for question in asked {
            match &outcome {
                // It is asked again, over a new socket.
                None if question.until > now => questions.ask(question),
                // Whoever does not want it any more has left, or has another answer.
                None => _ = question.answer.try_send(Err(late(&plan))),
                Some(outcome) => _ = question.answer.try_send(outcome.clone()),
            }
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
