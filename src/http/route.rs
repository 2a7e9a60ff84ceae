//! The way to a deployment, as error messages name it.

use super::trust::ClientCertRequest;

/// What an error message about a connection names.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) host: String,
    /// The variable that configures the proxy, if one is used.
    pub(super) proxy: Option<&'static str>,
    /// The variable that names the certificate authorities, if one is set.
    pub(super) authorities: Option<&'static str>,
    pub(super) client_cert: ClientCertRequest,
}
