//! The public interface against the real server. `ACTIX_MONGO_TEST_URI` names one that
//! runs already. Each test has a database of its own, and drops it.

mod support;
mod verbs;
