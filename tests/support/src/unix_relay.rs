//! A Unix domain socket in front of a server that listens on TCP.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

/// Listens at this path, and hands what comes on to the server, and back, until the test's
/// process ends.
pub fn unix_relay(path: &Path, server: SocketAddr) {
    let listener = UnixListener::bind(path).expect("a path to listen at");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(server) else { continue };
            let (client_again, server_again) = (client.try_clone(), server.try_clone());
            let (client_again, server_again) =
                (client_again.expect("a handle"), server_again.expect("a handle"));
            thread::spawn(move || inward(client_again, server_again));
            thread::spawn(move || outward(server, client));
        }
    });
}

fn inward(mut client: UnixStream, mut server: TcpStream) {
    drop(io::copy(&mut client, &mut server));
    drop(server.shutdown(Shutdown::Both));
}

fn outward(mut server: TcpStream, mut client: UnixStream) {
    drop(io::copy(&mut server, &mut client));
    drop(client.shutdown(Shutdown::Both));
}
