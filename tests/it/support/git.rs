//! Git under test: a capsule that it clones from, requests to the helper, and executable scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use fake_deployment::Deployment;

use super::sandbox::{Ran, Sandbox, TOKEN};

pub const EMAIL: &str = "ada@example.org";

/// The helper's answer for [`known`].
pub const ANSWER: &str = "password=cop_Zx81QmTz55aB\nusername=ada@example.org\n";

/// A capsule: the token is attached as `CUSTOM_KEY`, the capsule's remote names the deployment, and nothing is set up.
pub fn capsule(deployment: &Deployment, others: &[&Deployment]) -> Sandbox {
    let all: Vec<&Deployment> = [&[deployment], others].concat();
    let remote = format!("[remote \"origin\"]\n\turl = {}\n", deployment.clone_url());
    Sandbox::new().with("CUSTOM_KEY", TOKEN).file("capsule/.git/config", remote).with_git(&all).on_path()
}

/// Runs Git under `exec --git`.
pub fn exec_git(world: &Sandbox, args: &[&str]) -> Ran {
    world.spawn([&["exec", "--git", "--", "git"], args].concat())
}

/// Sends a request to the helper in this process.
pub fn ask(world: Sandbox, action: &str, request: &str) -> Ran {
    world.with_input(request).run(["git-credential", action])
}

/// A sandbox in which the helper knows the deployment, the token and the e-mail, and sends no request.
pub fn known() -> Sandbox {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").with("CODEOCEAN_TOKEN", TOKEN);
    world.with("CODEOCEAN_EMAIL", EMAIL)
}

/// Sends `get` to the helper of [`known`].
pub fn get(request: &str) -> Ran {
    ask(known(), "get", request)
}

/// Writes a script that can be executed.
pub fn executable(world: Sandbox, below: &str, script: &str) -> Sandbox {
    let world = world.file(below, script);
    fs::set_permissions(world.path(below), fs::Permissions::from_mode(0o700)).unwrap();
    world
}
