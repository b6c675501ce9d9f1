//! What the runner decides by itself: no server, no driver, no clock. Tested on its own by
//! `tests/spec/plain_tests`.

pub mod matching;
pub mod operators;
pub mod requirements;
pub mod schema;
pub mod transactional_write;
pub mod version;
