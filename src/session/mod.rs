//! Server sessions, cluster time, and the state of sessions and transactions. Plain.

mod cluster_clock;
mod server_session;
mod session_state;

pub use cluster_clock::ClusterClock;
pub use server_session::{ServerSession, ServerSessions};
pub use session_state::{ReadTime, SessionOptions, SessionState};
