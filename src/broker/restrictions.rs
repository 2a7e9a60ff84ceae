//! What restricts the programs that have the pass.

use super::audit::AuditFile;
use super::policy::Policy;
use super::rate::RateLimit;

/// What restricts the programs that have the pass. Where it travels, it is destructured, so that a restriction that is
/// forgotten does not compile.
#[derive(Debug, Default)]
pub struct Restrictions {
    /// Which requests may pass.
    pub policy: Policy,
    /// How often.
    pub rate: Option<RateLimit>,
    /// Where requests are recorded.
    pub audit: Option<AuditFile>,
}

impl Restrictions {
    /// The rules, as they would be typed.
    pub fn rules(&self) -> Vec<String> {
        let Restrictions { policy, rate, audit } = self;
        let (rate, audit) = (rate.as_ref().map(RateLimit::to_string), audit.as_ref().map(AuditFile::to_string));
        policy.rules().into_iter().chain(rate).chain(audit).collect()
    }
}
