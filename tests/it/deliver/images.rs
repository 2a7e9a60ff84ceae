//! Images: a real registry with a password file, skopeo, and the protocol of docker-credential-helpers.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use fake_deployment::{Deployment, Plan};
use serde_json::{Value, json};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};
use crate::support::workstation::{Bus, piped, wait};

const EMAIL: &str = "ada@example.org";
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// A helper that knows a deployment, a token and an e-mail.
fn known() -> Sandbox {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").with("CODEOCEAN_TOKEN", TOKEN);
    world.with("CODEOCEAN_EMAIL", EMAIL)
}

fn ask(world: Sandbox, action: &str, input: &str) -> Ran {
    world.with_input(input).run(["docker-credential", action])
}

#[test]
fn get_answers_for_the_registry_in_each_form_of_its_address() {
    for server in [
        "registry.co.example.org",
        "registry.co.example.org\n",
        "https://registry.co.example.org",
        "https://registry.co.example.org/",
        "https://registry.co.example.org/v1/",
        "HTTPS://registry.co.example.org",
        "Https://Registry.co.example.org/v2/",
        "registry.co.example.org:443",
        "Registry.CO.example.org",
    ] {
        let ran = ask(known(), "get", server).expect(0);
        let expected = json!({"ServerURL": server.trim(), "Username": EMAIL, "Secret": TOKEN});
        assert_eq!(ran.json(), expected, "{server}");
    }
}

#[test]
fn get_answers_for_no_other_registry() {
    for server in [
        "co.example.org",
        "git.co.example.org",
        "evilregistry.co.example.org",
        "registry.co.example.org.evil.net",
        "registry.co.example.org:5000",
        "http://registry.co.example.org",
        "HTTP://registry.co.example.org",
        "https://registry.co.example.org@evil.net",
        "ada@registry.co.example.org",
        "evil.net/registry.co.example.org",
        "evil.net?registry.co.example.org",
        "https://index.docker.io/v1/",
        "registry.co.example.org\nevil.net",
        "https://https://registry.co.example.org",
        "//registry.co.example.org",
    ] {
        let ran = ask(known(), "get", server);
        assert_eq!((ran.code, ran.out.as_str()), (1, NOT_FOUND), "{server}: {ran:?}");
    }
}

/// Clients compare the texts on standard output exactly.
#[test]
fn the_texts_of_the_protocol_are_exact() {
    let ran = |world: Sandbox, action: &str, input: &str| {
        let ran = ask(world, action, input);
        (ran.code, ran.out)
    };
    assert_eq!(ran(known(), "get", ""), (1, "no credentials server URL\n".into()));
    assert_eq!(ran(known(), "get", " \n"), (1, "no credentials server URL\n".into()));
    assert_eq!(ran(known(), "erase", ""), (1, "no credentials server URL\n".into()));
    let login = |server: &str, user: &str| json!({"ServerURL": server, "Username": user, "Secret": "x"}).to_string();
    assert_eq!(ran(known(), "store", &login("", EMAIL)), (1, "no credentials server URL\n".into()));
    assert_eq!(ran(known(), "store", "{}"), (1, "no credentials server URL\n".into()));
    assert_eq!(ran(known(), "store", &login("registry.co.example.org", "")), (1, "no credentials username\n".into()));
    assert_eq!(ran(known(), "frobnicate", ""), (1, "Unknown credential action `frobnicate`\n".into()));
    assert_eq!(ran(known(), "list", ""), (0, "{}\n".into()));
    let version = ran(known(), "version", "");
    assert!(version.0 == 0 && version.1.starts_with("docker-credential-co-cred (co-cred) v"), "{version:?}");
    // No token, no deployment: not found, so that a client goes on without a login.
    assert_eq!(ran(known().without("CODEOCEAN_TOKEN"), "get", "registry.co.example.org"), (1, NOT_FOUND.into()));
    assert_eq!(ran(Sandbox::new(), "get", "registry.co.example.org"), (1, NOT_FOUND.into()));
    // A broken source is an error on one line, without its content.
    let (code, out) = ran(known().with("CODEOCEAN_TOKEN", "cop_a\ncop_b"), "get", "registry.co.example.org");
    assert!(code == 1 && out.contains("CODEOCEAN_TOKEN has a line end") && out.lines().count() == 1, "{out}");
    assert!(!out.contains("cop_b"), "{out}");
    // A list of logins that cannot be read is no reason for a client to fail.
    let broken = known().file("home/.local/share/co-cred/logins.json", "broken");
    assert_eq!(ran(broken, "list", ""), (0, "{}\n".into()));
    let long = format!("{}registry.co.example.org", " ".repeat(65 * 1024));
    assert_eq!(ran(known(), "get", &long).0, 1);
}

#[test]
fn store_and_erase_are_a_login_and_a_logout() {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").on_path();
    let Some(bus) = Bus::with_keyring(&world) else { return };
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let helper = |action: &str, input: &str| piped(world.program("docker-credential-co-cred").arg(action), input);
    let login = |server: &str, user: &str| json!({"ServerURL": server, "Username": user, "Secret": TOKEN}).to_string();
    let ran = helper("store", &login("evil.net", EMAIL));
    assert!(ran.code == 1 && ran.out.contains("co-cred login adds a deployment"), "{ran:?}");
    assert_eq!(helper("store", &login("registry.co.example.org", "ada")).code, 1);
    assert_eq!(helper("list", "").expect(0).out, "{}\n");
    assert_eq!(helper("store", &login("https://registry.co.example.org", EMAIL)).expect(0).out, "");
    assert_eq!(helper("list", "").expect(0).json(), json!({"registry.co.example.org": EMAIL}));
    let got = helper("get", "registry.co.example.org").expect(0).json();
    assert_eq!((&got["Username"], &got["Secret"]), (&Value::from(EMAIL), &Value::from(TOKEN)));
    helper("erase", "evil.net").expect(0);
    assert_eq!(helper("list", "").expect(0).json(), json!({"registry.co.example.org": EMAIL}));
    let ran = helper("erase", "registry.co.example.org").expect(0);
    assert!(ran.err.contains("is logged out of https://co.example.org"), "{ran:?}");
    assert_eq!(helper("get", "registry.co.example.org").out, NOT_FOUND);
}

/// A registry for one user, over TLS.
struct Registry {
    port: u16,
    child: Child,
}

impl Registry {
    fn start(world: &Sandbox, deployment: &Deployment) -> Option<Registry> {
        if !["docker-registry", "htpasswd", "skopeo"].iter().all(|program| has(program)) {
            return None;
        }
        let users = piped(world.program("htpasswd").args(["-Bin", EMAIL]), TOKEN).expect(0).out;
        fs::write(world.path("users"), users).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (certificate, key) = deployment.certificate_for("registry.localhost");
        let config = json!({
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": world.path("images")}},
            "http": {"addr": format!("127.0.0.1:{port}"), "tls": {"certificate": certificate, "key": key}},
            "auth": {"htpasswd": {"realm": "Code Ocean", "path": world.path("users")}},
        });
        // JSON is YAML.
        fs::write(world.path("registry.yml"), config.to_string()).unwrap();
        let mut registry = world.program("docker-registry");
        registry.arg("serve").arg(world.path("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = registry.spawn().unwrap();
        wait("the registry", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        Some(Registry { port, child })
    }

    /// A proxy that takes a client that asks for a host by name to this registry, and its address.
    fn proxy(&self) -> String {
        let (listener, port) = (TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), self.port);
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for near in listener.incoming() {
                thread::spawn(move || {
                    let mut near = near.unwrap();
                    let mut head = BufReader::new(near.try_clone().unwrap());
                    let mut line = String::from("-");
                    while !line.trim().is_empty() {
                        line.clear();
                        head.read_line(&mut line).unwrap();
                    }
                    let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                    let mut up = far.try_clone().unwrap();
                    thread::spawn(move || std::io::copy(&mut head, &mut up));
                    let _ = std::io::copy(&mut far, &mut near);
                });
            }
        });
        address
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An image of one layer, in the layout of the Open Container Initiative.
fn image(folder: &Path) {
    let script = r#"
set -eu
blobs=blobs/sha256
mkdir -p layer $blobs
echo hello > layer/greeting
tar -C layer -cf layer.tar .
add() { sum=$(sha256sum "$1" | cut -d' ' -f1); cp "$1" "$blobs/$sum"; size=$(stat -c %s "$1"); }
add layer.tar
layer="{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$sum\",\"size\":$size}"
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$sum" > config
add config
config="{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$sum\",\"size\":$size}"
printf '{"schemaVersion":2,"config":%s,"layers":[%s]}' "$config" "$layer" > manifest
add manifest
printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s}]}' "$sum" "$size" > index.json
printf '{"imageLayoutVersion":"1.0.0"}' > oci-layout
"#;
    fs::create_dir_all(folder).unwrap();
    let status = std::process::Command::new("sh").arg("-c").arg(script).current_dir(folder).status().unwrap();
    assert!(status.success());
}

/// One login serves the API, Git and images.
#[test]
fn one_login_then_clone_push_and_inspect_an_image() {
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = Sandbox::new().with_git(&[&deployment]).on_path();
    let (Some(bus), Some(registry)) = (Bus::with_keyring(&world), Registry::start(&world, &deployment)) else { return };
    let runtime = world.path("cache");
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address()).with("XDG_RUNTIME_DIR", runtime);
    let proxy = registry.proxy();
    let skopeo = |args: &[&str]| -> Ran {
        world.program("skopeo").args(args).env("HTTPS_PROXY", &proxy).output().unwrap().into()
    };
    let reference = format!("docker://registry.localhost:{}/ada/greeting:1", deployment.port());
    image(&world.path("work/image"));
    let source = format!("oci:{}", world.path("work/image").display());
    let copy = ["copy", "--quiet", "--insecure-policy", &source, &reference];

    let ran = skopeo(&copy);
    assert!(ran.code != 0 && ran.err.contains("authentication required"), "{ran:?}");

    world.pipe(&["login", "--deployment", &deployment.url()], TOKEN).expect(0);
    world.spawn(["setup", "git"]).expect(0);
    world.spawn(["setup", "docker"]).expect(0);

    world.git(&["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]).expect(0);
    world.git(&["-C", "clone", "push", "-q"]).expect(0);
    skopeo(&copy).expect(0);
    assert_eq!(skopeo(&["inspect", &reference]).expect(0).json()["Architecture"], "amd64");

    // And in a container of its own, from a variable, with the same file set up.
    let capsule = ["inspect", &reference];
    let mut lent = world.program("skopeo");
    lent.args(capsule).env("HTTPS_PROXY", &proxy).env_remove("DBUS_SESSION_BUS_ADDRESS").env("CUSTOM_KEY", TOKEN);
    let ran: Ran = lent.env("CODEOCEAN_DOMAIN", deployment.url()).output().unwrap().into();
    ran.expect(0);

    world.spawn(["setup", "docker", "--undo"]).expect(0);
    assert_ne!(skopeo(&["inspect", &reference]).code, 0);
}

#[test]
fn the_registry_refuses_a_wrong_token() {
    let deployment = Plan::with_token(OTHER).tls().start();
    let world = Sandbox::new().with_git(&[&deployment]).on_path().with("CODEOCEAN_TOKEN", OTHER);
    let runtime = world.path("cache");
    let world = world.with("CODEOCEAN_DOMAIN", deployment.url()).with("XDG_RUNTIME_DIR", runtime);
    let world = world.with("CODEOCEAN_EMAIL", EMAIL);
    let Some(registry) = Registry::start(&world, &deployment) else { return };
    world.spawn(["setup", "docker"]).expect(0);
    let reference = format!("docker://registry.localhost:{}/ada/greeting:1", deployment.port());
    let ran: Ran = world
        .program("skopeo")
        .args(["inspect", &reference])
        .env("HTTPS_PROXY", registry.proxy())
        .output()
        .unwrap()
        .into();
    assert!(ran.code != 0 && ran.err.contains("unauthorized"), "{ran:?}");
    assert!(!ran.err.contains(OTHER), "{ran:?}");
}
