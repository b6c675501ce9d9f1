//! What a call asks of its cursor, and what all further batches of that have in common.
//! Plain, and without a clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::RawDocumentBuf;

use crate::dispatch::{Plan, Via};
use crate::error::{Error, Kind, Result};
use crate::pool::{Namespace, Purpose};

/// Whether a cursor ends with the last document that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CursorType {
    /// It does.
    #[default]
    NonTailable,
    /// On a capped collection: it stays open behind the last document, and goes on when
    /// there are new ones. The server answers at once, be there any or not.
    Tailable,
    /// The same, and the server waits a while for new documents before it answers with
    /// none. The cursor keeps a socket to itself.
    TailableAwait,
}

/// What the timeout of a call that opens a cursor applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutMode {
    /// To the call and all that is read from its cursor, together.
    CursorLifetime,
    /// To the call, and then anew to each that asks the cursor for documents, also after one
    /// that was dropped (but see [`Cursor`](crate::Cursor) about streams).
    Iteration,
}

/// What a builder gathers about the cursor to come.
#[derive(Clone, Debug, Default)]
pub struct CursorOptions {
    /// Documents in a batch; `None` leaves it to the server.
    pub batch_size: Option<i32>,
    /// Whether it ends.
    pub kind: CursorType,
    /// `maxTimeMS` of each getMore.
    pub max_await_time: Option<Duration>,
    /// `None` takes what is usual for the kind.
    pub timeout_mode: Option<TimeoutMode>,
    /// Whether the server may send all batches for one getMore.
    pub exhaust: bool,
    /// Most documents altogether; 0 is no limit.
    pub limit: u64,
}

/// What all batches of a cursor have in common.
#[derive(Clone, Debug)]
pub struct CursorSettings {
    /// What getMore and killCursors must name.
    pub namespace: Arc<Namespace>,
    /// Documents in a batch; `None` leaves it to the server.
    pub batch_size: Option<i32>,
    /// Whether it ends with an empty batch.
    pub kind: CursorType,
    /// `maxTimeMS` of each getMore.
    pub max_await_time: Option<Duration>,
    /// Whether the server may send all batches for one getMore.
    pub exhaust: bool,
    /// Most documents altogether; 0 is no limit.
    pub limit: u64,
    /// How long it may take.
    pub patience: Patience,
    /// `{comment: ..}`, for getMore as well.
    pub comment: Option<RawDocumentBuf>,
}

/// How long a cursor may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as it likes.
    Endless,
    /// All of it until the call that opens it has to be over.
    Lifetime,
    /// All of it until then.
    Until(Instant),
    /// So long for each call.
    Each(Duration),
}

impl CursorType {
    /// Whether an empty batch is not its end.
    pub fn is_tailable(self) -> bool {
        self != Self::NonTailable
    }
}

impl Patience {
    /// The same, once the call is over that opens the cursor, with this limit.
    pub fn with_deadline(self, deadline: Option<Instant>) -> Self {
        match self {
            Self::Lifetime => deadline.map_or(Self::Endless, Self::Until),
            known => known,
        }
    }
}

impl CursorSettings {
    /// Those of a cursor of which nothing was asked.
    pub fn plain(namespace: Arc<Namespace>) -> Self {
        Self {
            namespace,
            batch_size: None,
            kind: CursorType::NonTailable,
            max_await_time: None,
            exhaust: false,
            limit: 0,
            patience: Patience::Endless,
            comment: None,
        }
    }
}

impl CursorOptions {
    /// Has the command that opens the cursor sent as these options need it.
    pub fn shape(&self, plan: &mut Plan) {
        plan.max_time &= self.sends_max_time();
        if self.kind == CursorType::TailableAwait || self.exhaust {
            plan.via = Via::Own(Purpose::Parked);
        }
    }

    /// The settings of a call with this timeout in force for it, which begins when the call
    /// does. Fails if the options contradict each other.
    pub fn settings(
        &self,
        namespace: Arc<Namespace>,
        timeout: Option<Duration>,
        comment: Option<RawDocumentBuf>,
    ) -> Result<CursorSettings> {
        let timeout = timeout.filter(|limit| !limit.is_zero());
        self.check(timeout)?;
        let patience = match (timeout, self.mode()) {
            (None, _) => Patience::Endless,
            (Some(_), TimeoutMode::CursorLifetime) => Patience::Lifetime,
            (Some(limit), TimeoutMode::Iteration) => Patience::Each(limit),
        };
        Ok(CursorSettings {
            batch_size: self.batch_size,
            kind: self.kind,
            max_await_time: self.max_await_time,
            exhaust: self.exhaust,
            limit: self.limit,
            patience,
            comment,
            ..CursorSettings::plain(namespace)
        })
    }

    /// Whether the command that opens the cursor tells the server the call's timeout
    /// (client-side operations timeout specification, "Cursors"): not where the timeout is
    /// no measure of the cursor's life.
    fn sends_max_time(&self) -> bool {
        match self.kind {
            CursorType::NonTailable => self.mode() == TimeoutMode::CursorLifetime,
            CursorType::Tailable => false,
            CursorType::TailableAwait => true,
        }
    }

    fn mode(&self) -> TimeoutMode {
        let usual = match self.kind.is_tailable() {
            true => TimeoutMode::Iteration,
            false => TimeoutMode::CursorLifetime,
        };
        self.timeout_mode.unwrap_or(usual)
    }

    fn check(&self, timeout: Option<Duration>) -> Result<()> {
        let refuse = |why: &str| Err(Error::new(Kind::InvalidArgument, why));
        if self.kind.is_tailable() && self.timeout_mode == Some(TimeoutMode::CursorLifetime) {
            return refuse("a tailable cursor has no end, so its timeout can't be for its lifetime");
        }
        if self.timeout_mode.is_some() && timeout.is_none() {
            return refuse("a timeout mode says nothing without a timeout; set one, or leave the mode out");
        }
        if let (Some(wait), Some(limit)) = (self.max_await_time, timeout)
            && wait >= limit
        {
            return refuse("max_await_time must be less than the timeout, which would always run out first");
        }
        if self.exhaust && self.kind.is_tailable() {
            return refuse("a cursor can't be both exhaust and tailable");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(options: &CursorOptions, timeout: Option<Duration>) -> Result<CursorSettings> {
        let namespace = Arc::new(Namespace { database: "d".into(), collection: "c".into() });
        options.settings(namespace, timeout, None)
    }

    #[test]
    fn the_timeout_is_for_a_life_that_ends_or_else_for_each_call() {
        let patience = |kind, mode, timeout| {
            let options = CursorOptions { kind, timeout_mode: mode, ..CursorOptions::default() };
            settings(&options, timeout).unwrap().patience
        };
        let usual = patience(CursorType::NonTailable, None, Some(SECOND));
        assert_eq!(usual, Patience::Lifetime);
        let deadline = Instant::now() + SECOND;
        assert_eq!(usual.with_deadline(Some(deadline)), Patience::Until(deadline));
        // A limit beyond what the clock can tell is none.
        assert_eq!(usual.with_deadline(None), Patience::Endless);
        let asked = patience(CursorType::NonTailable, Some(TimeoutMode::Iteration), Some(SECOND));
        assert_eq!(asked.with_deadline(Some(deadline)), Patience::Each(SECOND));
        assert_eq!(patience(CursorType::Tailable, None, Some(SECOND)), Patience::Each(SECOND));
        for timeout in [None, Some(Duration::ZERO)] {
            assert_eq!(patience(CursorType::NonTailable, None, timeout), Patience::Endless);
        }
    }

    #[test]
    fn the_server_hears_of_a_timeout_that_measures_the_cursor() {
        let sends = |kind, timeout_mode| {
            CursorOptions { kind, timeout_mode, ..CursorOptions::default() }.sends_max_time()
        };
        assert!(sends(CursorType::NonTailable, None));
        assert!(!sends(CursorType::NonTailable, Some(TimeoutMode::Iteration)));
        assert!(!sends(CursorType::Tailable, None));
        assert!(sends(CursorType::TailableAwait, None));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |options: CursorOptions, timeout| {
            let error = settings(&options, timeout).err();
            error.map(|error| assert_eq!(error.kind(), Kind::InvalidArgument)).is_some()
        };
        let lifetime = Some(TimeoutMode::CursorLifetime);
        let (kind, usual) = (CursorType::Tailable, CursorOptions::default());
        assert!(refused(CursorOptions { kind, timeout_mode: lifetime, ..usual.clone() }, Some(SECOND)));
        assert!(refused(CursorOptions { timeout_mode: lifetime, ..usual.clone() }, None));
        assert!(refused(CursorOptions { exhaust: true, kind, ..usual.clone() }, None));
        let waiting = CursorOptions { max_await_time: Some(SECOND), ..usual };
        assert!(refused(waiting.clone(), Some(SECOND)));
        assert!(!refused(waiting.clone(), Some(SECOND * 2)));
        assert!(!refused(waiting, None));
    }
}
