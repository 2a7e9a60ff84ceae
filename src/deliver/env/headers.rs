//! HTTP headers for programs that send what a command prints, MCP clients among them: one JSON object, one line. The MCP
//! server takes the token as `Bearer` (RFC 6750).

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::Assignment;

use super::json;

pub(super) fn object(credential: &Credential) -> Zeroizing<String> {
    let token = Assignment::token("Authorization", credential.token());
    let value = Zeroizing::new(["Bearer ", &token.value].concat());
    json::object(&[Assignment { value, ..token }])
}
