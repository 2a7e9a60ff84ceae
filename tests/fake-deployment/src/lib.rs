//! A fake Code Ocean deployment on loopback: as much of the documented API as a credential tool meets, real TLS with
//! an authority of its own, and faults on demand.
//!
//! What it answers follows Code Ocean's public API reference and SDK: HTTP Basic with the token as user name and an empty
//! password, 401 and 403 with a JSON `message`, searches that return only the owner's items, one capsule and one
//! computation in the shape that the SDK reads. Git wants the account's e-mail beside the token, and tells a wrong one.
//! Where the platform's behaviour is not documented, there is nothing here.

mod api;
mod fault;
mod git;
mod serve;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub use fault::{Fault, Limit};

/// Somebody with an access token.
#[derive(Clone, Debug)]
pub struct Account {
    /// The access token.
    pub token: String,
    /// The owner's e-mail.
    pub email: String,
    /// Whether the token has the scope Capsule, Read.
    pub capsules: bool,
    /// Whether the token has the scope Data Asset, Read.
    pub data_assets: bool,
    /// Whether the owner has a capsule at all.
    pub has_capsule: bool,
}

impl Account {
    /// An account whose token may do everything here.
    pub fn new(token: &str) -> Account {
        Account {
            token: token.to_owned(),
            email: "ada@example.org".to_owned(),
            capsules: true,
            data_assets: true,
            has_capsule: true,
        }
    }
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method and path.
    pub request: String,
    /// Its `Authorization` header.
    pub authorization: Option<String>,
    /// What it was answered with; 0 where the connection was cut.
    pub status: u16,
}

/// What the deployment is to be like.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    accounts: Vec<Account>,
    faults: Vec<Fault>,
    limit: Option<Limit>,
    tls: Option<tls::Tls>,
    port: u16,
    git: bool,
    uncommitted: bool,
    ownership: Option<&'static str>,
}

impl Plan {
    /// With one account.
    pub fn with_token(token: &str) -> Plan {
        Plan::default().account(Account::new(token))
    }

    /// With one more account.
    pub fn account(mut self, account: Account) -> Plan {
        self.accounts.push(account);
        self
    }

    /// The next requests are answered so, one fault each; after the last, all goes well.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Plan {
        self.faults.extend(faults);
        self
    }

    /// Every request is answered so.
    pub fn always(self, fault: Fault) -> Plan {
        let faults = vec![fault; 10_000];
        self.faults(faults)
    }

    /// No more than so many requests a second; the others are told when to come back.
    pub fn limit(mut self, limit: Limit) -> Plan {
        self.limit = Some(limit);
        self
    }

    /// Over TLS, with a certificate for `localhost`, `127.0.0.1` and `::1`.
    pub fn tls(mut self) -> Plan {
        self.tls.get_or_insert_default();
        self
    }

    /// As [`Plan::tls`], with a certificate for these names instead.
    pub fn tls_for(mut self, names: &[&str]) -> Plan {
        self.tls.get_or_insert_default().names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// As [`Plan::tls`], with a certificate that is valid from the first day of one year to the first day of another.
    pub fn tls_between(mut self, from: i32, to: i32) -> Plan {
        self.tls.get_or_insert_default().years = Some((from, to));
        self
    }

    /// As [`Plan::tls`], with the certificate and the key in these PEM files instead. They are their own authority.
    pub fn tls_with(mut self, certificate: &Path, key: &Path) -> Plan {
        self.tls.get_or_insert_default().given = Some((certificate.to_owned(), key.to_owned()));
        self
    }

    /// As the guide or the SDK of some versions has it: a search with another `ownership` is answered with 400.
    pub fn ownership(mut self, word: &'static str) -> Plan {
        self.ownership = Some(word);
        self
    }

    /// With the capsule's repository, for Git.
    pub fn git(mut self) -> Plan {
        self.git = true;
        self
    }

    /// As [`Plan::git`], with changes in the platform's IDE that nobody committed: a push is refused.
    pub fn uncommitted(mut self) -> Plan {
        self.uncommitted = true;
        self.git()
    }

    /// On this port; else on a free one.
    pub fn port(mut self, port: u16) -> Plan {
        self.port = port;
        self
    }

    /// Starts it.
    pub fn start(self) -> Deployment {
        Deployment::start(self)
    }
}

/// A running deployment; it ends when dropped.
#[derive(Debug)]
pub struct Deployment {
    address: SocketAddr,
    tls: Option<tls::Authority>,
    state: Arc<State>,
    runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Debug)]
struct State {
    accounts: Mutex<Vec<Account>>,
    faults: Mutex<std::collections::VecDeque<Fault>>,
    limit: Option<Mutex<fault::Bucket>>,
    git: Option<git::Git>,
    ownership: Option<&'static str>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

impl State {
    /// Those whose tokens are good now.
    fn accounts(&self) -> Vec<Account> {
        self.accounts.lock().expect("no panic while locked").clone()
    }
}

impl Deployment {
    fn start(plan: Plan) -> Deployment {
        let state = Arc::new(State {
            accounts: Mutex::new(plan.accounts),
            faults: Mutex::new(plan.faults.into()),
            limit: plan.limit.map(|limit| Mutex::new(fault::Bucket::new(limit))),
            git: plan.git.then(|| git::Git::new(plan.uncommitted)),
            ownership: plan.ownership,
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let tls = plan.tls.map(tls::Authority::new);
        let acceptor = tls.as_ref().map(tls::Authority::acceptor);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = serve::listen(plan.port);
        let address = listener.local_addr().expect("an address");
        runtime.spawn(serve::serve(listener, acceptor, Arc::clone(&state)));
        Deployment { address, tls, state, runtime: Some(runtime) }
    }

    /// Its address, as `https://localhost:PORT` or `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        match self.tls {
            Some(_) => format!("https://localhost:{}", self.address.port()),
            None => format!("http://127.0.0.1:{}", self.address.port()),
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The file with the certificate of its authority, in PEM.
    ///
    /// # Panics
    /// It does not speak TLS.
    pub fn authority(&self) -> &Path {
        self.tls.as_ref().expect("a deployment with TLS").certificate()
    }

    /// The files of a certificate, and of its key, for another server of this deployment, such as its image registry.
    ///
    /// # Panics
    /// It does not speak TLS.
    pub fn certificate_for(&self, name: &str) -> (PathBuf, PathBuf) {
        self.tls.as_ref().expect("a deployment with TLS").certificate_for(name)
    }

    /// Everything that was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().expect("no panic while locked").clone()
    }

    /// What was asked last.
    pub fn latest(&self) -> Option<Seen> {
        self.state.seen.lock().expect("no panic while locked").last().cloned()
    }

    /// The next request is answered so.
    pub fn fail(&self, fault: Fault) {
        self.state.faults.lock().expect("no panic while locked").push_back(fault);
    }

    /// Its user makes another token, under Account → Access Tokens.
    pub fn issue(&self, token: &str) {
        self.state.accounts.lock().expect("no panic while locked").push(Account::new(token));
    }

    /// Its user revokes a token.
    pub fn revoke(&self, token: &str) {
        self.state.accounts.lock().expect("no panic while locked").retain(|account| account.token != token);
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// Where its one capsule is cloned from.
    pub fn clone_url(&self) -> String {
        format!("{}/{}", self.url(), git::REPOSITORY)
    }

    /// The folder of that capsule's repository.
    ///
    /// # Panics
    /// It serves no Git.
    pub fn repository(&self) -> PathBuf {
        self.state.git.as_ref().expect("a deployment with Git").repository()
    }

    /// The id of its one capsule.
    pub fn capsule(&self) -> &'static str {
        api::CAPSULE
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A file that nothing else uses, for a [`Deployment`]'s certificate.
fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("authority.pem");
    (folder, path)
}
