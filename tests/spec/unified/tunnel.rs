//! Carries connections from plain text into TLS, or out of it, for what speaks plain text
//! alone: the runner's own connection to a server, and the stand-in in front of one. The
//! driver speaks TLS itself.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use actix_mongo::rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::over::Certificates;

/// See the module. Dropping it closes all its sockets.
pub struct Tunnel {
    address: SocketAddr,
    /// Its drop ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Tunnel {
    /// Takes plain text for a server that speaks TLS.
    pub fn into_tls(server: SocketAddr, certificates: &Certificates) -> Result<Self, String> {
        let connector = TlsConnector::from(certificates.client_config()?);
        let carry = move |client| {
            let connector = connector.clone();
            async move {
                let name = ServerName::IpAddress(server.ip().into());
                let server = connector.connect(name, connect(server).await?).await?;
                join(client, server).await
            }
        };
        Self::open(carry).map_err(|error| format!("the tunnel to a server: {error}"))
    }

    /// Takes TLS for somebody who speaks plain text, with the server's certificate.
    pub fn out_of_tls(behind: SocketAddr, certificates: &Certificates) -> Result<Self, String> {
        let acceptor = TlsAcceptor::from(certificates.server_config()?);
        let carry = move |client| {
            let acceptor = acceptor.clone();
            async move {
                let client = acceptor.accept(client).await?;
                join(client, connect(behind).await?).await
            }
        };
        Self::open(carry).map_err(|error| format!("the tunnel from a client: {error}"))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn open<F>(carry: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let accept = async move {
            while let Ok((client, _)) = listener.accept().await {
                // Whatever fails, both sides see that their connection is over.
                if client.set_nodelay(true).is_ok() {
                    tokio::spawn(carry(client));
                }
            }
        };
        thread::Builder::new().name("tunnel".to_owned()).spawn(move || {
            runtime.spawn(accept);
            // Its tasks end with the runtime.
            drop(runtime.block_on(stopped));
        })?;
        Ok(Self { address, _stop: stop })
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn join<A, B>(mut one: A, mut other: B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    copy_bidirectional(&mut one, &mut other).await.map(|_| ())
}
