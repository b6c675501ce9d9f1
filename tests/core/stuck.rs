//! A server that stops reading.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use actix_mongo::topology::ServerAddress;
use bson::doc;
use test_support::poll_until;
use test_support::wire::{HEADER_LENGTH, Header, Message};

use crate::support::{Client, SOON, command, connect_to, soon, story};

/// More than the system takes in its buffers.
const LARGE: usize = 14_000_000;

/// Answers hellos and pings; a message that is larger than all of these is not read beyond
/// its header.
struct Stuck {
    address: ServerAddress,
    /// Told of each message that it stopped at.
    stopped: Receiver<()>,
}

fn start() -> Stuck {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, stopped) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            thread::spawn(move || serve(stream, &tell));
        }
    });
    Stuck { address: ServerAddress::new("127.0.0.1", port), stopped }
}

/// Returns when the client has closed the connection, or never again reads from it.
fn serve(mut stream: TcpStream, stopped: &Sender<()>) -> Option<()> {
    use std::io::Read;
    loop {
        let mut header = [0; HEADER_LENGTH];
        stream.read_exact(&mut header).ok()?;
        let header = Header::read(&header);
        let length = header.body_length().ok()?;
        if length > 1_000_000 {
            stopped.send(()).ok()?;
            loop {
                thread::park();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let reply = doc! { "ok": 1, "ismaster": true, "maxWireVersion": 25, "minWireVersion": 0 };
        stream.write_all(&Message::new(reply).to_bytes(1, header.request_id)).ok()?;
    }
}

fn connect(server: &Stuck) -> Client {
    connect_to(vec![server.address.clone()], |options| options.pool.max_size = 1)
}

#[test]
fn a_dropped_call_that_can_not_be_written_to_its_end_gives_its_socket_up() {
    story(async {
        let server = start();
        let client = connect(&server);
        client.ping().await;
        let call = client.start(command(doc! { "ping": 1, "filler": "x".repeat(LARGE) })).await;
        server.stopped.recv_timeout(SOON).unwrap();
        call.abort();
        assert!(call.await.expect_err("aborted").is_cancelled());
        poll_until(SOON, "the socket to be given up", || client.stats().total == 0);
        client.ping().await;
    });
}

#[test]
fn a_call_that_can_not_be_written_to_its_end_times_out() {
    story(async {
        let server = start();
        let client = connect(&server);
        client.ping().await;
        let large = command(doc! { "ping": 1, "filler": "x".repeat(LARGE) });
        let error = soon(client.run(large.within(Duration::from_millis(300)))).await.expect_err("stuck");
        assert!(error.is_timeout() && error.may_have_run(), "{error:?}");
        client.ping().await;
    });
}
