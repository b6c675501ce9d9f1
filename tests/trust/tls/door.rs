//! A server that speaks TLS, on a thread of its own, and passes on what it reads to a
//! scripted server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;

use actix_mongo::rustls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
use test_support::ScriptedServer;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Identity};

/// See the module. Dropping it closes all its sockets.
pub struct Door {
    /// What is behind it.
    pub server: ScriptedServer,
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    visits: Arc<Mutex<Vec<Visit>>>,
    /// Its drop ends the thread.
    _stop: oneshot::Sender<()>,
}

/// A handshake that came to its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visit {
    /// The name that the client called (SNI).
    pub name: Option<String>,
    /// Whether a session was resumed.
    pub kind: Option<HandshakeKind>,
    /// Whether the client said goodbye; `None` while it is there.
    pub goodbye: Option<bool>,
}

/// How a door is made.
pub struct Plan<'a> {
    pub identity: &'a Identity,
    /// Clients need a certificate of this authority.
    pub clients: Option<&'a Authority>,
    pub versions: &'a [&'static SupportedProtocolVersion],
}

impl Door {
    /// A door with this certificate.
    pub fn open(identity: &Identity) -> Self {
        Self::with(Plan { identity, clients: None, versions: rustls::ALL_VERSIONS })
    }

    pub fn with(plan: Plan<'_>) -> Self {
        let server = ScriptedServer::start();
        let (behind, config) = (server.address(), Arc::new(Mutex::new(Arc::new(config(plan)))));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let visits = Arc::<Mutex<Vec<Visit>>>::default();
        let (stop, stopped) = oneshot::channel();
        let (seen, present) = (visits.clone(), config.clone());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let accept = async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let config = present.lock().unwrap().clone();
                    tokio::spawn(serve(config, stream, behind, seen.clone()));
                }
            };
            runtime.spawn(accept);
            // Its tasks end with the runtime.
            drop(runtime.block_on(stopped));
        });
        Self { server, address, config, visits, _stop: stop }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection string that names it by this host, with `options` behind the `?`.
    pub fn uri(&self, host: &str, options: &str) -> String {
        format!("mongodb://{host}:{}/?{options}", self.address.port())
    }

    /// From now on it shows another certificate, and knows no session any more.
    pub fn change(&self, identity: &Identity) {
        let plan = Plan { identity, clients: None, versions: rustls::ALL_VERSIONS };
        *self.config.lock().unwrap() = Arc::new(config(plan));
    }

    /// The handshakes so far.
    pub fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap().clone()
    }
}

async fn serve(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    behind: SocketAddr,
    visits: Arc<Mutex<Vec<Visit>>>,
) {
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    let session = stream.get_ref().1;
    let visit = Visit {
        name: session.server_name().map(str::to_owned),
        kind: session.handshake_kind(),
        goodbye: None,
    };
    let number = {
        let mut visits = visits.lock().unwrap();
        visits.push(visit);
        visits.len() - 1
    };
    let Ok(behind) = TcpStream::connect(behind).await else { return };
    let (mut from_client, mut to_client) = split(stream);
    let (mut from_server, mut to_server) = behind.into_split();
    let inward = async {
        let said = copy(&mut from_client, &mut to_server).await;
        visits.lock().unwrap()[number].goodbye = Some(said.is_ok());
        // Fails only on a socket that is dead already.
        drop(to_server.shutdown().await);
    };
    let outward = async {
        // The end of either is the end of both.
        drop(copy(&mut from_server, &mut to_client).await);
        drop(to_client.shutdown().await);
    };
    tokio::join!(inward, outward);
}

fn config(plan: Plan<'_>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(plan.versions).unwrap();
    let builder = match plan.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = CertificateDer::pem_slice_iter(plan.identity.certificate.as_bytes());
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(plan.identity.key.serialize_pem().as_bytes()).unwrap();
    builder.with_single_cert(chain, key).unwrap()
}
