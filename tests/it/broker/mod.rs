//! The broker: programs that use the deployment and never have the token.

mod agent;
mod audit;
mod authentication;
mod connections;
mod exec;
mod faults;
mod framing;
mod isolation;
mod load;
mod paths;
mod redirects;
mod renewal;
mod rules;
mod sdk;
pub mod support;
