//! Which events a listener wants.

use std::ops::BitOr;

/// Kinds of events; several are put together with `|`.
///
/// Those of [`COMMANDS`](Self::COMMANDS) and [`POOLS`](Self::POOLS) come with every
/// operation, and cost it time; those of [`TOPOLOGY`](Self::TOPOLOGY) do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKinds(u8);

impl EventKinds {
    /// Commands, and how they ended.
    pub const COMMANDS: Self = Self(1);
    /// Pools and the connections in them, calls that take one and give it back included.
    pub const POOLS: Self = Self(1 << 1);
    /// The deployment, its servers and their checks.
    pub const TOPOLOGY: Self = Self(1 << 2);
    /// All of them.
    pub const ALL: Self = Self(0b111);
    /// None: what a backlog takes that is not asked.
    pub(super) const NONE: Self = Self(0);
    /// The choice of servers. Only logs tell of it.
    pub(super) const SELECTION: Self = Self(1 << 3);
    /// That part of it that people ought to see: there is no server to choose.
    pub(super) const WAITING: Self = Self(1 << 4);

    /// Whether all of these are among them.
    pub const fn contains(self, kinds: Self) -> bool {
        self.0 & kinds.0 == kinds.0
    }

    /// The single kinds in it, by their places in [`Counts`](super::backlog::Counts).
    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        (0..Self::PLACES).filter(move |place| self.0 & (1 << place) != 0)
    }

    /// The place of a single kind.
    pub(super) const fn place(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// How many places there are.
    pub(super) const PLACES: usize = 5;
}

impl BitOr for EventKinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
