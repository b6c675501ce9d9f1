//! What became of cases, in numbers: the three sorts of skips apart, and the share of
//! those that are nobody's but the driver's to mend. No case, no screen; tested on its own
//! by `tests/spec/plain_tests`.

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Passed,
    Failed,
    Skipped(Sort),
}

/// Why a case is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It applies, and was not run to its end.
    Open,
    /// It is about a feature that follows later.
    Later,
    /// It is for another server or deployment than can be had here.
    Elsewhere,
}

impl Sort {
    /// As they are told, the weightiest first.
    pub const ALL: [Self; 3] = [Self::Open, Self::Later, Self::Elsewhere];

    /// Its column in the table, and its name in the summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Later => "later",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// What stands above the reasons.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Open => "open: they apply, and are skipped",
            Self::Later => "later: of features that follow",
            Self::Elsewhere => "elsewhere: for another server than these",
        }
    }
}

/// How many cases went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub open: usize,
    pub later: usize,
    pub elsewhere: usize,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, fate: Fate) {
        *match fate {
            Fate::Passed => &mut self.passed,
            Fate::Failed => &mut self.failed,
            Fate::Skipped(Sort::Open) => &mut self.open,
            Fate::Skipped(Sort::Later) => &mut self.later,
            Fate::Skipped(Sort::Elsewhere) => &mut self.elsewhere,
        } += 1;
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            open: self.open + other.open,
            later: self.later + other.later,
            elsewhere: self.elsewhere + other.elsewhere,
        }
    }

    /// Those that were run, whatever came of it.
    pub fn run(self) -> usize {
        self.passed + self.failed
    }

    /// Those that were not, whatever the reason.
    pub fn skipped(self) -> usize {
        self.open + self.later + self.elsewhere
    }

    /// Those that say something about this driver on this server, now.
    pub fn applying(self) -> usize {
        self.run() + self.open
    }

    /// Of those that apply, how many in a hundred are open.
    pub fn open_percent(self) -> f64 {
        100.0 * self.open as f64 / self.applying().max(1) as f64
    }
}

/// The directories of the everyday interface: what applies there is to be played.
pub const EVERYDAY: &[&str] = &[
    "causal-consistency/tests",
    "client-backpressure/tests",
    "collection-management/tests",
    "command-logging-and-monitoring/tests",
    "connection-monitoring-and-pooling/tests/logging",
    "crud/tests",
    "index-management/tests",
    "mongodb-handshake/tests",
    "read-write-concern/tests",
    "retryable-reads/tests",
    "retryable-writes/tests",
    "run-command/tests",
    "server-selection/tests/logging",
    "sessions/tests",
    "unified-test-format/tests",
    "versioned-api/tests",
];

/// How many in a hundred may be open there.
pub const MARK_PERCENT: f64 = 2.0;

/// Whether a directory is one of those, or below one.
pub fn is_everyday(directory: &str) -> bool {
    EVERYDAY.iter().any(|of| {
        let rest = directory.strip_prefix(of);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The everyday directories of a run, as one.
pub fn everyday<'a>(directories: impl IntoIterator<Item = (&'a str, Counts)>) -> Counts {
    let counted = directories.into_iter().filter(|(directory, _)| is_everyday(directory));
    counted.fold(Counts::default(), |sum, (_, counts)| sum.and(counts))
}
