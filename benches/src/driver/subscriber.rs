//! A subscriber for `tracing` that wants messages down to a level and does nothing with them.

use anyhow::Result;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

struct Idle {
    level: LevelFilter,
    ours: bool,
}

/// For the whole process; messages of our driver are wanted or not.
pub fn set(level: LevelFilter, ours: bool) -> Result<()> {
    Ok(subscriber::set_global_default(Idle { level, ours })?)
}

impl Subscriber for Idle {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && (self.ours || !metadata.target().starts_with("actix_mongo"))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
