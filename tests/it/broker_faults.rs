//! The broker where things go wrong.
