//! HTTP headers for programs that send what a command prints, such as MCP clients: one JSON object on one line. The MCP server
//! accepts the token as `Bearer` (RFC 6750).

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::Assignment;
use crate::error::Result;
use crate::http::bearer;

use super::format::{Format, Layout};
use super::json;

pub(super) const FORMAT: Format = Format {
    word: "headers",
    help: "HTTP headers as JSON, with Authorization: Bearer",
    layout: Layout::Nameless(object),
};

fn object(credential: &Credential) -> Result<Zeroizing<String>> {
    let (name, value) = ("Authorization".to_owned(), bearer(credential.token()));
    Ok(json::object(&[Assignment { name, value, secret: true }]))
}
