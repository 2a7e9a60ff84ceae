//! The options of the broker, shared by `exec` and `agent`.

use std::path::PathBuf;

/// A broker between programs and the deployment
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Broker")]
pub struct BrokerOptions {
    /// Let programs use the API without the token: they get a local address, and a token for this run
    ///
    /// Only /api/v1/ of the deployment is reached in this way, not Git or images. It ends when co-cred ends.
    #[arg(long)]
    pub broker: bool,
    /// Allow only requests that read: GET, HEAD, searches and listings
    #[arg(long, requires = "broker")]
    pub read_only: bool,
    /// Allow only requests that match one of these rules, such as 'GET /api/v1/capsules/**'; may be repeated
    ///
    /// GET includes HEAD, and * is any method. In the path, * matches one or more characters of a segment, ** any number
    /// of segments (one or more at the end); a slash at the end makes no difference, and every other character matches
    /// itself. With --read-only, a request must be allowed by both.
    #[arg(long, value_name = "METHOD PATH-GLOB", requires = "broker")]
    pub allow: Vec<String>,
    /// At most this many requests, such as 5/s, 100/m or 1000/h; more of them wait
    ///
    /// A request that would wait for more than half a minute is answered with 429 and a Retry-After.
    #[arg(long, value_name = "N/s", requires = "broker")]
    pub rate: Option<String>,
    /// Record every request in this file, as lines of JSON: before it is forwarded, and once it is answered
    ///
    /// Both lines have the id of the request and a time; the first one has its method, its path and the rule that allows it,
    /// the second one the status and the duration in seconds. A refused request has one line with all of them; an aborted
    /// one has no second line. No query, header or body is recorded. While the file cannot be written, every request is
    /// refused.
    #[arg(long, value_name = "FILE", requires = "broker")]
    pub audit: Option<PathBuf>,
}
