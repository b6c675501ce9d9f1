//! Large messages both ways over sockets with little room: whoever writes and does not read
//! meanwhile waits for ever for a server that does the same.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use actix_mongo::Connection;
use actix_mongo::bson::{Document, doc};
use test_support::fault_proxy::Traffic;
use test_support::wire::{HEADER_LENGTH, Header, Message};
use test_support::{FaultProxy, ScriptedServer};
use tokio::net::TcpSocket;

use crate::support::{Pending, Story, assert_sound, collection, connect, database, soon};

at_both_depths! {
    a_server_that_reads_nothing_while_it_writes,
    pieces_of_a_few_bytes,
}

/// More than a client's system takes off its hands (4 MB) with what fits a server's.
const LARGE: usize = 5_000_000;
const CALLS: usize = 4;

/// One request after the other: it is read whole, then its reply is written whole, and
/// nothing is read meanwhile. At depth 16 the next requests are written all the time.
fn a_server_that_reads_nothing_while_it_writes(depth: u32) {
    let _story = Story::begin();
    let (address, server) = start();
    let builder = Connection::builder().uri(format!("mongodb://{address}/")).unwrap();
    let connection = soon(builder.pipeline_depth(depth).max_pool_size(1).connect()).unwrap();
    let echo = |number: i32| {
        let filler = "x".repeat(LARGE);
        database(&connection).run_command(doc! { "echo": number, "filler": filler })
    };
    let calls: Vec<_> =
        (0..CALLS).map(|number| Pending::begin(echo(i32::try_from(number).unwrap()))).collect();
    for (number, call) in (0..).zip(calls) {
        let reply: Document = call.end().expect("served");
        assert_eq!(reply.get_i32("echo").unwrap(), number);
        assert_eq!(reply.get_str("filler").unwrap().len(), LARGE);
    }
    soon(connection.close(std::time::Duration::ZERO));
    drop(connection);
    // It ends with its last connection; there were the monitor's and the pool's.
    assert_eq!(server.join().unwrap(), 2);
}

/// Serves until its first connection, the monitor's, has ended; how many there were.
fn start() -> (SocketAddr, thread::JoinHandle<usize>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        // Connections that it takes have the same.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        socket.listen(16).unwrap().into_std().unwrap()
    });
    listener.set_nonblocking(false).unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || accept(&listener)))
}

fn accept(listener: &TcpListener) -> usize {
    let monitor = listener.accept().unwrap().0;
    let monitor = thread::spawn(move || serve(monitor));
    let pool = listener.accept().unwrap().0;
    serve(pool);
    monitor.join().unwrap();
    2
}

fn serve(mut stream: TcpStream) -> Option<()> {
    loop {
        let mut header = [0; HEADER_LENGTH];
        stream.read_exact(&mut header).ok()?;
        let header = Header::read(&header);
        let mut body = vec![0; header.body_length().ok()?];
        stream.read_exact(&mut body).ok()?;
        let request = Message::read(header, &body).ok()?.body;
        let mut reply = doc! { "ok": 1, "ismaster": true, "maxWireVersion": 25, "minWireVersion": 0 };
        for key in ["echo", "filler"] {
            reply.extend(request.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        stream.write_all(&Message::new(reply).to_bytes(1, header.request_id)).ok()?;
    }
}

/// Both ways in pieces, with reads and writes of the client that do not match messages.
fn pieces_of_a_few_bytes(depth: u32) {
    const FILLER: usize = 100_000;
    let _story = Story::begin();
    let documents = (0..3).map(|number| doc! { "_id": number, "filler": "y".repeat(FILLER) });
    let server = ScriptedServer::builder().documents(documents).start();
    let proxy = FaultProxy::start(server.address());
    proxy.up(Traffic::Chunks(97));
    proxy.down(Traffic::Chunks(89));
    let builder = Connection::builder().uri(proxy.uri()).unwrap();
    let connection = soon(builder.pipeline_depth(depth).max_pool_size(1).connect()).unwrap();
    let things = collection(&connection);
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let (insert, find) = (
                things.insert_one(doc! { "_id": 1, "filler": "x".repeat(FILLER) }).into_future(),
                things.find_one(doc! {}).into_future(),
            );
            Pending::begin(async move {
                insert.await?;
                find.await
            })
        })
        .collect();
    for call in calls {
        let found = call.end().expect("served").expect("a document");
        assert_eq!(found.get_str("filler").unwrap().len(), FILLER);
    }
    assert_eq!(server.log().count("insert"), CALLS);
    proxy.pass();
    let direct = connect(&server, depth, |builder| builder);
    drop((things, connection));
    server.wait_for(|log| log.open_connections() <= 1, crate::support::SOON);
    assert_sound(&direct, &server);
}
