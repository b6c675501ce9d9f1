//! How far behind the secondaries are, and who is too far.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::description::TopologyDescription;
use super::server::{ServerDescription, ServerKind};
use crate::error::{Error, Kind, Result};

/// How often an idle primary writes, so that its secondaries can be seen to follow.
const IDLE_WRITE_PERIOD: Duration = Duration::from_secs(10);

/// The least staleness anyone may ask for.
const SMALLEST_MAX_STALENESS: Duration = Duration::from_secs(90);

/// Fails if nobody could be judged by so small a limit.
pub(super) fn check_limit(limit: Duration, heartbeat: Duration) -> Result<()> {
    let least = SMALLEST_MAX_STALENESS.max(heartbeat.saturating_add(IDLE_WRITE_PERIOD));
    if limit >= least {
        return Ok(());
    }
    Err(Error::new(
        Kind::InvalidArgument,
        format!(
            "maxStalenessSeconds must be at least {} (90, and heartbeatFrequencyMS and 10 seconds), but is {}",
            least.as_secs_f64().ceil(),
            limit.as_secs()
        ),
    ))
}

/// Drops the secondaries that are further behind than `limit`. Whom they are compared to
/// (the primary, else the secondary that is ahead) comes from the whole description.
pub(super) fn drop_stale(
    servers: &mut Vec<Arc<ServerDescription>>,
    description: &TopologyDescription,
    limit: Duration,
    heartbeat: Duration,
) {
    let limit = millis(limit);
    let heartbeat = millis(heartbeat);
    let primary =
        description.primary().and_then(|primary| Some((primary.last_update?, last_write(primary)?)));
    let secondaries = description.servers.values().filter(|server| server.kind == ServerKind::RsSecondary);
    let newest = secondaries.filter_map(|server| last_write(server)).max();
    let behind = |server: &ServerDescription| {
        let written = last_write(server)?;
        Some(match primary {
            Some((checked, primary_written)) => {
                millis_between(checked, server.last_update?) - written + primary_written
            }
            None => newest? - written,
        })
    };
    // Of whom it is not known how far behind they are, they may be too far.
    servers.retain(|server| {
        server.kind != ServerKind::RsSecondary
            || behind(server).is_some_and(|behind| behind + heartbeat <= limit)
    });
}

/// The primary's time of the last write the server knew of when it was checked. The
/// server's word: in 128 bits no date can overflow what is done with it.
fn last_write(server: &ServerDescription) -> Option<i128> {
    Some(server.last_write()?.timestamp_millis().into())
}

fn millis(duration: Duration) -> i128 {
    // At most 2^74: no duration is too long for this.
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX / 4)
}

/// From `from` to `to`; negative if `to` is earlier.
fn millis_between(from: Instant, to: Instant) -> i128 {
    match to.checked_duration_since(from) {
        Some(later) => millis(later),
        None => -millis(from.duration_since(to)),
    }
}
