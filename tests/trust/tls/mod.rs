//! TLS, with certificates that each test makes for itself.
//!
//! - [`authority`]: certificates, keys and lists of revoked certificates
//! - [`door`]: a server that speaks TLS in front of a scripted one, and says what it saw
//! - [`scene`]: what most tests begin and end with

pub mod authority;
pub mod door;
pub mod scene;

mod client_certificates;
mod handshakes;
mod keys;
mod material;
mod real;
mod refused;
mod rsa_keys;
#[cfg(feature = "dns-resolver")]
mod seed_list;
mod sessions;
mod traffic;
#[cfg(unix)]
mod unix;
