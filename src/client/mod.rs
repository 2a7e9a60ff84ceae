//! The HTTP client: made only when somebody is really asked, and able to do no more than that. No redirects, no cookies,
//! no environment but the one that was handed in.

mod connect;
mod failure;
mod names;
mod roots;

use std::io;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

use connect::Connector;

pub use failure::{disconnected, timeout};

/// What is sent: bytes that are there, or what somebody else is still sending.
pub type Body = Either<Full<Bytes>, Incoming>;

/// The way to one deployment. Connections are kept, and used again.
#[derive(Debug)]
pub struct Line {
    client: Client<Connector, Body>,
    /// To name it where it does not answer.
    host: String,
    /// Whether what it answers may be a proxy's doing.
    proxied: bool,
}

impl Line {
    /// A client for this deployment, which has yet to connect.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub fn new(env: &Env, deployment: &Deployment) -> Result<Line> {
        let to = deployment.origin().parse::<Uri>().map_err(|error| {
            Error::new(Reason::Internal, "the deployment's address cannot be used").caused_by(error)
        })?;
        let (connector, proxied) = Connector::new(env, &to)?;
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Line { client, host: deployment.host().to_owned(), proxied })
    }

    /// Sends a request, whose address is whole, and returns the answer once its head is there, however long that takes.
    ///
    /// # Errors
    /// No connection, or none that can be trusted; the answer does not come.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>> {
        let sent = self.client.request(request).await;
        sent.map_err(|error| failure::failure(error, &self.host, self.proxied))
    }
}

/// Where a [`Line`] runs: on the thread that waits for it.
///
/// # Errors
/// The system has no descriptor left.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}
