//! Runs every command of the README as it is written there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use fake_deployment::{Deployment, Plan};

use crate::support::clients::python;
use crate::support::sandbox::{Ran, Sandbox, TOKEN};
use crate::support::workstation::{Bus, piped};

/// Fenced blocks, as language and text, in order.
fn blocks() -> Vec<(String, String)> {
    let readme = include_str!("../../README.md");
    let mut blocks = Vec::new();
    for (number, part) in readme.split("```").enumerate() {
        if number % 2 == 1 {
            let (language, text) = part.split_once('\n').unwrap();
            blocks.push((language.to_owned(), text.to_owned()));
        }
    }
    blocks
}

/// A capsule with a slot, a script in two languages, and a deployment to talk to.
fn world(deployment: &Deployment) -> Sandbox {
    let slots = r#"{"version": 1, "secrets": [{"type": "general", "id": "x", "description": "Code Ocean", "value": "MY_KEY"}]}"#;
    let world = Sandbox::new()
        .at(deployment)
        .with("MY_KEY", TOKEN)
        .with("CAPSULE", deployment.capsule())
        .file("capsule/.codeocean/secrets.json", slots)
        .file("work/script.sh", format!("#!/bin/sh\ntest \"$CODEOCEAN_TOKEN\" = {TOKEN} && echo the script ran\n"))
        .file("work/postInstall", format!("#!/bin/sh\ntest \"$CODEOCEAN_TOKEN\" = {TOKEN} && echo installed\n"))
        .file("work/analysis.py", "import os\nprint('analysed with', os.environ['CODEOCEAN_TOKEN'][:4])\n");
    for script in ["work/script.sh", "work/postInstall"] {
        fs::set_permissions(world.path(script), fs::Permissions::from_mode(0o755)).unwrap();
    }
    if let Some(python) = python() {
        fs::create_dir_all(world.path("bin")).unwrap();
        std::os::unix::fs::symlink(
            python.with_file_name("codeocean-mcp-server"),
            world.path("bin/codeocean-mcp-server"),
        )
        .unwrap();
    }
    with_python(world.with("CURL_CA_BUNDLE", deployment.authority()).with("GIT_SSL_CAINFO", deployment.authority()))
}

/// The README says `python`, as images with Python do.
fn with_python(world: Sandbox) -> Sandbox {
    let world = world.file("bin/python", "#!/bin/sh\nexec python3 \"$@\"\n");
    fs::set_permissions(world.path("bin/python"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths(
        std::iter::once(world.path("bin")).chain(std::env::split_paths(world.env.get("PATH").unwrap())),
    );
    world.with("PATH", path.unwrap())
}

#[test]
fn every_block_runs() {
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let desktop = Desktop::new(&deployment);
    let mut ran = 0;
    for (language, text) in blocks() {
        let world = world(&deployment);
        match language.as_str() {
            "sh" if text.contains("tests/run") => build_commands(&text),
            "sh" if text.contains("pip install") => install_lines(&text),
            "sh" if text.contains("codeocean.example.org") => desktop.run(&text),
            "sh" if text.contains("co-cred scan") => search(&world, &text),
            "sh" | "json" if text.contains("codeocean-mcp-server") && python().is_none() => {}
            "sh" => {
                let ran = world.shell("sh", &format!("set -eu\n{text}")).expect(0);
                assert!(is_quiet(&ran) || text.contains("git clone"), "{text}: {ran:?}");
            }
            "bash" => {
                let results = world.path("work/results").display().to_string();
                fs::create_dir(&results).unwrap();
                let script = text.replace("/results", &results);
                let out = world.shell("bash", &script).expect(0).out;
                assert_eq!(out, "analysed with cop_\n", "{text}");
                gated(&world, &script);
            }
            "toml" => configuration(&text),
            "json" => editor(&world, &text),
            "Dockerfile" => image(&world, &text),
            other => panic!("no test runs a block of {other}"),
        }
        ran += 1;
    }
    assert_eq!(ran, 21);
}

/// packaging/test runs these lines on bare systems; each must be known there.
fn install_lines(text: &str) {
    for line in text.lines() {
        let line = line.split('#').next().unwrap().trim_end();
        let known = include_str!("../../packaging/test").lines().any(|known| known.trim() == format!("'{line}')"));
        assert!(known, "packaging/test does not run: {line}");
    }
}

/// The run script with a program that prints the token, and writes it into a file.
fn gated(world: &Sandbox, script: &str) {
    let leaks = "import os\nprint(os.environ['CODEOCEAN_TOKEN'])\nprint(os.environ['CODEOCEAN_TOKEN'], file=open('results/a', 'w'))\n";
    fs::write(world.path("work/analysis.py"), leaks).unwrap();
    if script.contains("--gate") {
        let ran = world.shell("bash", script).expect(9);
        assert!(ran.out == "***\n" && ran.err.contains("a:1:1: the token at byte 0"), "{ran:?}");
    }
}

/// The MCP server, started as by an editor. It ends with its input.
fn editor(world: &Sandbox, text: &str) {
    let settings: serde_json::Value = serde_json::from_str(text).unwrap();
    let server = &settings["mcpServers"]["codeocean"];
    let args: Vec<&str> = server["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let words = [&[server["command"].as_str().unwrap()], &args[..]].concat();
    let ran = world.shell("sh", &words.join(" ")).expect(0);
    assert!(is_quiet(&ran), "{ran:?}");
}

/// Whether there are no messages, except that a program sent no request, since it has nothing to do here.
fn is_quiet(ran: &Ran) -> bool {
    ran.err.lines().all(|line| line.contains("sent no request") || line.starts_with("hint: if it should have"))
}

/// The searches, without a token in the files, and with one.
fn search(world: &Sandbox, text: &str) {
    let (results, output) = (world.path("work/results"), world.path("work/output"));
    for folder in [&results, &output] {
        fs::create_dir(folder).unwrap();
    }
    let text = text.replace("co-cred scan  ", &format!("co-cred scan {} ", results.display()));
    let git = "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.org\n\
               git init -q; git commit -q --allow-empty -m x\n";
    world.shell("sh", &format!("set -eu\n{git}{text}")).expect(0);
    fs::write(output.join("a"), TOKEN).unwrap();
    match text.contains("--staged") {
        true => {
            let commit = world.shell("sh", &format!("{git}git add output && git commit -q -m y"));
            assert!(commit.code == 1 && commit.err.contains("found the token"), "{commit:?}");
        }
        false => {
            world.shell("sh", &format!("set -u\n{text}")).expect(0);
            assert_eq!(fs::read_to_string(output.join("a")).unwrap(), "*".repeat(TOKEN.len()));
        }
    }
}

/// The computer on which the blocks with a login run one after the other; the deployment has its own address.
struct Desktop {
    world: Sandbox,
    host: String,
    bus: Option<Bus>,
}

impl Desktop {
    fn new(deployment: &Deployment) -> Desktop {
        let world = Sandbox::new().with_git(&[deployment]).on_path();
        // The README creates that link.
        fs::remove_file(world.path("bin/docker-credential-co-cred")).unwrap();
        let world =
            world.file("work/analysis.py", "import os\nprint('analysed with', os.environ['CODEOCEAN_TOKEN'][:4])\n");
        let world = with_python(world);
        let bus = Bus::with_keyring(&world);
        let address = bus.as_ref().map(Bus::address).unwrap_or_default();
        let host = deployment.url()["https://".len()..].to_owned();
        Desktop { world: world.with("DBUS_SESSION_BUS_ADDRESS", address), host, bus }
    }

    /// Runs a block, with the token on standard input.
    fn run(&self, text: &str) {
        if self.bus.is_none() {
            return;
        }
        let script = text.replace("codeocean.example.org", &self.host);
        piped(self.world.program("sh").arg("-euc").arg(&script), TOKEN).expect(0);
    }
}

/// The configuration with each of its commands in turn, for which there is a script of that name.
fn configuration(text: &str) {
    let commands: Vec<&str> = text.lines().filter(|line| line.contains("token_command")).collect();
    let rest: String =
        text.lines().filter(|line| !line.contains("token_command")).map(|line| format!("{line}\n")).collect();
    for command in &commands {
        let command = command.trim_start_matches("# ");
        let program = command.split('"').nth(1).unwrap();
        let world = Sandbox::new()
            .file("home/.config/co-cred/config.toml", format!("{rest}{command}\n"))
            .file(&format!("bin/{program}"), format!("#!/bin/sh\necho {TOKEN}\necho notes\n"));
        fs::set_permissions(world.path(&format!("bin/{program}")), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(world.on_path().spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{command}");
    }
    assert_eq!(commands.len(), 4);
}

/// The commands on the project itself. `tests/run` runs this test; the quick start is run below.
fn build_commands(text: &str) {
    let commands: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run --example quickstart", "tests/run"]);
    for script in ["tests/run", "packaging/build-binary"] {
        let meta = fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join(script)).unwrap();
        assert!(meta.permissions().mode() & 0o111 != 0, "{script}");
    }
}

/// Each test that SECURITY.md names exists.
#[test]
fn what_tests_a_promise_is_named_as_it_is() {
    let security = include_str!("../../SECURITY.md");
    let named: Vec<&str> = security.split('`').filter(|word| word.contains("::")).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        let (module, test) = name.rsplit_once("::").unwrap();
        let file = module.replace("::", "/");
        let text = fs::read_to_string(format!("{}/tests/it/{file}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(text.contains(&format!("fn {test}(")), "{name}");
    }
}

#[test]
fn the_quick_start_runs() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "--locked", "--example", "quickstart"]);
    // The variables that cargo sets for this test would make build scripts run again.
    let is_of_cargo = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_cargo)) {
        cargo.env_remove(name);
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let ran = Ran::from(output).expect(0);
    for word in ["located", "verified", "delivered", "CUSTOM_KEY", "verdict      valid", "Spike sorting"] {
        assert!(ran.out.contains(word), "{word}: {ran:?}");
    }
}

/// Runs the lines of the Dockerfile. While the image is built, the token is only in the mount.
fn image(world: &Sandbox, text: &str) {
    let line = |word: &str| text.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("no {word}"));
    let run = line("RUN").split_once("id=secrets ").unwrap().1;
    let build = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", world.env.get("CODEOCEAN_DOMAIN").unwrap())
        .with("SSL_CERT_FILE", world.env.get("SSL_CERT_FILE").unwrap())
        .file("mount/secrets", format!("export MY_KEY='{TOKEN}'\n"))
        .file("work/postInstall", fs::read(world.path("work/postInstall")).unwrap());
    fs::set_permissions(build.path("work/postInstall"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(build.shell("sh", run).expect(0).out, "installed\n");
    let array = |line: &str| -> Vec<String> { serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap() };
    let entry = [array(line("ENTRYPOINT")), vec!["./script.sh".to_owned()]].concat();
    assert_eq!(world.shell("sh", &entry.join(" ")).expect(0).out, "the script ran\n");
    world.shell("sh", &array(line("HEALTHCHECK")).join(" ")).expect(0);
}
