//! How far establishing came, for whoever has to say why it did not come further.

use std::time::{Duration, Instant};

use super::Phase;

/// Written by the stages, read when they fail or take too long.
#[derive(Debug)]
pub struct Progress {
    /// The present stage.
    pub phase: Phase,
    begun: Instant,
    /// How long the name lookup took, once it is over.
    lookup: Option<Duration>,
}

impl Progress {
    /// Begins now, with the name lookup.
    pub fn begin() -> Self {
        Self { phase: Phase::Lookup, begun: Instant::now(), lookup: None }
    }

    /// At this stage, for tests.
    #[cfg(test)]
    pub fn at(phase: Phase) -> Self {
        Self { phase, ..Self::begin() }
    }

    /// The name lookup is over, whatever came of it.
    pub fn looked_up(&mut self) {
        self.lookup = Some(self.begun.elapsed());
        self.phase = Phase::Dial;
    }

    /// How long the name lookup took, or takes so far.
    pub fn lookup(&self) -> Duration {
        self.lookup.unwrap_or_else(|| self.begun.elapsed())
    }
}
