//! One connection of the proxy: two directions, each obeying the mode of the
//! moment.

use super::proxy::{End, Mode, Shared, Traffic};
use std::io;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

pub(super) struct Pipe<'a> {
    pub shared: &'a Shared,
    pub client: TcpStream,
    pub server: TcpStream,
}

/// How a connection ended by itself.
enum Over {
    /// One side closed it.
    Closed,
    /// One side reset it.
    Broken,
}

/// Forwards until either side or the test ends the connection; then ends both
/// sides in the same way.
pub(super) async fn run(pipe: Pipe<'_>, end: oneshot::Receiver<End>) {
    // Fail only on sockets that are dead already; reading will tell.
    let _ = pipe.client.set_nodelay(true);
    let _ = pipe.server.set_nodelay(true);
    let (mut from_client, to_client) = pipe.client.into_split();
    let (mut from_server, to_server) = pipe.server.into_split();
    let up = forward(pipe.shared, true, &mut from_client, &to_server);
    let down = forward(pipe.shared, false, &mut from_server, &to_client);
    let end = tokio::select! {
        over = up => over.into(),
        over = down => over.into(),
        Ok(end) = end => end,
    };
    for half in [to_client, to_server] {
        // Fails only on a socket that is dead already.
        if end == End::Reset && half.as_ref().set_zero_linger().is_ok() {
            // Dropping it would send FIN ahead of the RST.
            half.forget();
        }
    }
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        match over {
            Over::Closed => Self::Close,
            Over::Broken => Self::Reset,
        }
    }
}

/// The part of a buffer that was read and not yet passed on.
#[derive(Default)]
struct Held {
    start: usize,
    end: usize,
}

impl Held {
    fn length(&self) -> usize {
        self.end - self.start
    }
}

async fn forward(shared: &Shared, up: bool, from: &mut OwnedReadHalf, to: &OwnedWriteHalf) -> Over {
    let mut modes = shared.mode.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    let mut held = Held::default();
    loop {
        let mode = *modes.borrow_and_update();
        let traffic = traffic(mode, up);
        let changed = modes.changed();
        let moved = tokio::select! {
            // A switch first: bytes that come after it must feel it.
            biased;
            // The sender lives in `shared`.
            _ = changed => continue,
            moved = one_move(shared, up, traffic, from, to, &mut buffer, &mut held) => moved,
        };
        match moved {
            Ok(true) => {}
            Ok(false) => return Over::Closed,
            Err(_) => return Over::Broken,
        }
    }
}

fn traffic(mode: Mode, up: bool) -> Traffic {
    match up {
        true => mode.up,
        false => mode.down,
    }
}

/// Reads some bytes, or passes on some of those that were read; `false` at the
/// end. Nothing is lost if it is dropped while it waits.
async fn one_move(
    shared: &Shared,
    up: bool,
    traffic: Traffic,
    from: &mut OwnedReadHalf,
    to: &OwnedWriteHalf,
    buffer: &mut [u8],
    held: &mut Held,
) -> io::Result<bool> {
    if traffic == Traffic::Stall {
        return std::future::pending().await;
    }
    if held.length() == 0 {
        let count = from.read(buffer).await?;
        *held = Held { start: 0, end: count };
        // Back to look at the mode before they pass.
        return Ok(count > 0);
    }
    if traffic == Traffic::Swallow {
        held.start = held.end;
        return Ok(true);
    }
    to.writable().await?;
    let length = match traffic {
        Traffic::Chunks(length) => length.clamp(1, held.length()),
        Traffic::UpTo(total) => {
            let left = total.saturating_sub(shared.passed(up));
            held.length().min(usize::try_from(left).unwrap_or(usize::MAX))
        }
        Traffic::Pass | Traffic::Swallow | Traffic::Stall => held.length(),
    };
    if length == 0 {
        // What has passed never becomes less, so nothing may before the next switch.
        return std::future::pending().await;
    }
    // Tried, not awaited: what is counted has been written, whenever this future
    // is dropped.
    let bytes = &buffer[held.start..held.start + length];
    let result = match up {
        true => to.try_write(bytes).map(|count| {
            shared.passed_up(count);
            (count, false)
        }),
        false => shared.pass_down(length, |allowed| to.try_write(&bytes[..allowed])),
    };
    let (count, last) = match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
        result => result?,
    };
    held.start += count;
    if last {
        return Ok(false);
    }
    if let Traffic::Chunks(_) = traffic {
        tokio::task::yield_now().await;
    }
    Ok(true)
}
