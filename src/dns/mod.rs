//! From names to addresses, hosts and options.
//!
//! A [`Resolver`] asks; everything else here are plain rules that neither ask nor wait: which
//! hosts of a seed list may be connected to ([`SrvName`]), what TXT records may say
//! ([`default_options`]), and in which order the addresses of a host are tried
//! ([`Attempts`]). [`SrvLookup`] does the two look-ups behind `mongodb+srv://`. Called by `establish` for each host, by the connection string's reader,
//! and by the `SrvPoller`. Nothing here connects to a host.

mod attempts;
mod custom;
#[cfg(feature = "dns-resolver")]
mod hickory;
mod join;
mod lookup;
mod resolver;
mod seed_list;
mod system;
mod txt;

pub use attempts::{Attempts, Step};
pub use custom::{Answer, CustomResolver, SrvRecord};
pub use lookup::SrvLookup;
pub use resolver::Resolver;
pub use seed_list::{SeedList, SrvName};
pub use txt::{ALLOWED_IN_TXT, default_options};
