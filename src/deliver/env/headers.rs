//! HTTP headers for programs that send what a command prints, such as MCP clients: one JSON object on one line. The MCP server
//! accepts the token as `Bearer` (RFC 6750).

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::Assignment;
use crate::http::bearer;

use super::json;

pub(super) fn object(credential: &Credential) -> Zeroizing<String> {
    let (name, value) = ("Authorization".to_owned(), bearer(credential.token()));
    json::object(&[Assignment { name, value, secret: true }])
}
