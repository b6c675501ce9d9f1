//! The caller's side of every operation: it selects, encodes, claims, waits and reads,
//! on the caller's own thread and without a runtime. Called by collections, cursors and
//! the cursor manager; it never asks an actor anything as long as nothing fails.

mod call;
mod cursor_desk;
mod disconnect;
mod encode;
mod execute;
mod handle;
mod messages;
mod open_cursors;
mod operation;
mod pinned;
mod probe;
mod readers;
mod retry;
mod seeding;
mod select;
mod session;
mod shared;
mod via;
mod waiting;

pub use cursor_desk::{CursorDesk, CursorReport, PolicyReport};
pub use execute::{execute, execute_internal};
pub use handle::{Handle, Scope, WeakHandle};
pub use messages::{CursorRetired, CursorsKilled, Drain, FindClosed, SetCursorManager};
pub use open_cursors::{OpenCursor, OpenCursors};
pub use operation::{CommandKind, Operation, Plan, Retry, SessionPlan, SessionTimes};
pub use pinned::Pinned;
pub use readers::{Readers, Spread};
pub use retry::Jitter;
pub(crate) use session::scope;
pub use session::{ClientSession, InUse};
pub use shared::{Core, DispatchOptions, Shared, closed};
pub use via::{Via, next_of_stream};
