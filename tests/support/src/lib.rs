//! Servers, real and scripted, for the tests.
