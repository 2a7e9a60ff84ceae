//! Which certificates TLS trusts.

use std::fs;
use std::path::Path;

use fake_deployment::Plan;

use crate::support::sandbox::{Sandbox, TOKEN, has};

use super::servers::{NAMES, cause, sandbox_at, self_signed};

#[test]
fn self_signed_certificate_is_trusted_only_if_the_user_named_it() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new();
    let (certificate, key) = self_signed(&folder, "mine", &NAMES);
    let deployment = Plan::with_token(TOKEN).tls_with(&certificate, &key).start();
    let at = || Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    at().run(["check"]).expect(0);
    // In a bundle with others, and in a folder.
    let (twin, _) = self_signed(&folder, "twin", &NAMES);
    let bundle = [fs::read(&twin).unwrap(), fs::read(&certificate).unwrap()].concat();
    let folder = folder.file("work/bundle.pem", bundle);
    at().with("SSL_CERT_FILE", folder.path("work/bundle.pem")).run(["check"]).expect(0);
    let by_folder = at().without("SSL_CERT_FILE").with("SSL_CERT_DIR", folder.path("work"));
    by_folder.run(["check"]).expect(0);
    // Not if another one with the same names is configured, nor by default.
    at().with("SSL_CERT_FILE", &twin).run(["check"]).expect(5);
    at().without("SSL_CERT_FILE").run(["check"]).expect(5);
    // Not for another host name.
    let ran = at().with("CODEOCEAN_DOMAIN", format!("https://127.0.0.1:{}", deployment.port()));
    let ran = ran.run(["doctor", "--json"]).expect(5);
    assert!(cause(&ran).1.contains("another name"), "{ran:?}");
}

#[test]
fn self_signed_certificate_must_be_valid_and_name_the_host() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new().file("work/index.txt", "").file("work/serial", "01\n").file("work/ca.conf", CA_CONF);
    let dated = |name: &str, from: &str, to: &str| {
        let (request, key) = (format!("{name}.csr"), format!("{name}.key"));
        let args =
            ["req", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=localhost", "-out", &request, "-keyout", &key];
        assert_eq!(folder.spawn_program("openssl", &args).code, 0);
        let out = format!("{name}.pem");
        let args = ["ca", "-batch", "-notext", "-selfsign", "-config", "ca.conf", "-extensions", "authority"];
        let args: Vec<&str> = args
            .into_iter()
            .chain(["-in", &request, "-keyfile", &key, "-out", &out, "-startdate", from, "-enddate", to])
            .collect();
        let ran = folder.spawn_program("openssl", &args);
        assert_eq!(ran.code, 0, "{ran:?}");
        (folder.path(&format!("work/{out}")), folder.path(&format!("work/{key}")))
    };
    let cases = [
        (dated("now", "20200101000000Z", "20991231000000Z"), None),
        (dated("expired", "20010101000000Z", "20020101000000Z"), Some("expired on 2002-01-01")),
        (dated("early", "20980101000000Z", "20990101000000Z"), Some("not valid before 2098-01-01")),
        (self_signed(&folder, "nameless", &[]), Some("names no host")),
    ];
    for ((certificate, key), words) in cases {
        let deployment = Plan::with_token(TOKEN).tls_with(&certificate, &key).start();
        let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).run(["doctor", "--json"]);
        match words {
            None => assert_eq!(ran.code, 0, "{ran:?}"),
            Some(words) => assert!(ran.code == 5 && cause(&ran).1.contains(words), "{words}: {ran:?}"),
        }
    }
}

const CA_CONF: &str = "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\n\
    default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n\
    [authority]\nbasicConstraints = critical, CA:TRUE\nsubjectAltName = DNS:localhost\n";

#[test]
fn bundles_of_requests_and_curl_are_read_after_ssl_cert_file() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let another = Plan::default().tls().start();
    let (right, wrong) = (deployment.authority(), another.authority());
    let table: [(&[(&str, &Path)], Option<&str>); 8] = [
        (&[("REQUESTS_CA_BUNDLE", right)], Some("REQUESTS_CA_BUNDLE")),
        (&[("CURL_CA_BUNDLE", right)], Some("CURL_CA_BUNDLE")),
        (&[("REQUESTS_CA_BUNDLE", right.parent().unwrap())], Some("REQUESTS_CA_BUNDLE")),
        (&[("REQUESTS_CA_BUNDLE", right), ("CURL_CA_BUNDLE", wrong)], Some("REQUESTS_CA_BUNDLE")),
        (&[("SSL_CERT_FILE", right), ("REQUESTS_CA_BUNDLE", wrong)], Some("SSL_CERT_FILE")),
        (&[("SSL_CERT_FILE", wrong), ("REQUESTS_CA_BUNDLE", right)], None),
        (&[("REQUESTS_CA_BUNDLE", Path::new("/nowhere")), ("CURL_CA_BUNDLE", right)], None),
        (&[("CURL_CA_BUNDLE", wrong)], None),
    ];
    for (variables, used) in table {
        let mut sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", deployment.url());
        for (name, path) in variables {
            sandbox = sandbox.with(name, *path);
        }
        let ran = sandbox.run(["doctor", "--json"]);
        let json = ran.json();
        let named = json["authorities"].as_str().unwrap_or_default().to_owned();
        match used {
            Some(used) => assert_eq!((ran.code, named.as_str()), (0, used), "{variables:?}: {ran:?}"),
            // The error names the variable.
            None => {
                let text = cause(&ran).1;
                assert!(ran.code == 5 && variables[0].0 == named && text.contains(&named), "{variables:?}: {text}");
            }
        }
        let plain = sandbox.run(["doctor"]);
        assert!(plain.out.contains(&format!("authorities  {}", variables[0].0)), "{plain:?}");
        let loud = sandbox.spawn(["check", "--verbose"]);
        assert!(loud.err.contains(variables[0].0), "{loud:?}");
    }
}

#[test]
fn byte_order_marks_in_a_bundle_are_skipped() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let another = Plan::default().tls().start();
    let mark = "\u{feff}".as_bytes();
    let (right, other) = (fs::read(deployment.authority()).unwrap(), fs::read(another.authority()).unwrap());
    for (name, bundle) in [
        ("first", [mark, &right[..]].concat()),
        ("second", [&other[..], mark, &right].concat()),
        ("both", [mark, &other[..], mark, &right].concat()),
    ] {
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).file("work/bundle.pem", bundle);
        let bundle = sandbox.path("work/bundle.pem");
        let ran = sandbox.with("SSL_CERT_FILE", bundle).run(["check"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
    }
}

#[test]
fn built_in_authorities_are_used_if_the_system_has_none() {
    // Hides the system's authorities in a mount namespace; skipped where this user may not create one.
    let hide = "for d in /etc/ssl /etc/pki /usr/local/share/certs; do [ ! -d $d ] || mount -t tmpfs none $d; done";
    let try_out = Sandbox::new().spawn_program("unshare", &["-m", "sh", "-c", hide]);
    if try_out.code != 0 {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = sandbox_at(&deployment).without("SSL_CERT_FILE");
    let ran =
        sandbox.shell("sh", &format!("unshare -m sh -c '{hide}; CO_CRED_LOG=debug exec co-cred check'")).expect(5);
    assert!(ran.err.contains("using the built-in ones") && ran.err.contains("authority"), "{ran:?}");
}

#[test]
fn tls_trusts_only_the_configured_authorities() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let reason = |sandbox: &Sandbox| {
        let ran = sandbox.run(["doctor", "--json", "--timeout", "5s"]);
        (ran.code, ran.json()["problems"][0]["cause"].as_str().map(str::to_owned))
    };
    // A file, then a folder.
    sandbox_at(&deployment).run(["check"]).expect(0);
    let folder = deployment.authority().parent().unwrap();
    let by_folder = sandbox_at(&deployment).without("SSL_CERT_FILE").with("SSL_CERT_DIR", folder);
    by_folder.run(["check"]).expect(0);
    // Neither the system's authorities nor another test's have signed it.
    let by_system = sandbox_at(&deployment).without("SSL_CERT_FILE");
    assert_eq!(reason(&by_system), (5, Some("private-ca".into())));
    let another = Plan::default().tls().start();
    let by_another = sandbox_at(&deployment).with("SSL_CERT_FILE", another.authority());
    assert_eq!(reason(&by_another), (5, Some("private-ca".into())));
    // A variable without certificates is an error, not a fallback; an endless file is not read to the end.
    for file in ["/nowhere", "/dev/zero", "/dev/null", "/etc/passwd"] {
        let by_none = sandbox_at(&deployment).with("SSL_CERT_FILE", file);
        assert_eq!(reason(&by_none), (5, Some("tls".into())), "{file}");
    }
    // The wrong host name.
    let by_name = sandbox_at(&deployment).with("CODEOCEAN_DOMAIN", format!("https://127.0.0.2:{}", deployment.port()));
    assert_eq!(reason(&by_name), (5, Some("connection".into())));
    // Plain http.
    let plain = Plan::with_token(TOKEN).start();
    let not_tls =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("localhost:{}", plain.port()));
    assert_eq!(reason(&not_tls), (5, Some("tls".into())));
}
