//! Signed URLs of cloud storage: recognised in files, counted with `--strict`, masked with `--mask-urls`.

use std::fs;
use std::sync::Arc;

use co_cred::patterns::{Encodings, Matcher};
use co_cred::supervise::mask::{Masker, MatcherProvider};
use co_cred::token::Token;

use super::written::TOKEN;
use crate::support::sandbox::{Ran, Sandbox};

/// Every kind of signed URL: what precedes the signature, the signature, what follows it.
fn urls() -> Vec<(String, String, &'static str)> {
    let amazon = "https://bucket.s3.amazonaws.com/a.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600";
    let google = "https://storage.googleapis.com/bucket/a.csv?X-Goog-Expires=3600";
    let azure = "https://account.blob.core.windows.net/container/a.csv?sp=r&se=2027-01-01T00%3A00%3A00Z&sv=2024-11-04";
    let (hex, long) = ("9f86d081884c7d65".repeat(4), "0a1B".repeat(128));
    let (short, base64) = ("vjbyPxybdZaNmGa/yT272+YEAiv4=".get(1..).unwrap(), "k7Qe+1Zr/".repeat(4) + "aB3dE5f=");
    let escaped = base64.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    let encoded = |url: &str| url.replace(':', "%3A").replace('?', "%3F").replace('&', "%26").replace('=', "%3D");
    vec![
        (format!("{amazon}&X-Amz-Signature="), hex.clone(), ""),
        (format!("{amazon}&X-Amz-Signature="), hex.clone(), "&X-Amz-SignedHeaders=host"),
        (format!("{amazon}&X-Amz-Signature=").replace('&', "\\u0026"), hex.clone(), "\\u0026x=y"),
        (format!("{amazon}&X-Amz-Signature=").replace('&', "&amp;"), hex.clone(), "&amp;x=y"),
        (encoded(&format!("{amazon}&X-Amz-Signature=")), hex.clone(), "%26x%3Dy"),
        (format!("{google}&X-Goog-Signature="), long, ""),
        (
            format!("{}&Signature=", amazon.replace("X-Amz-Algorithm", "AWSAccessKeyId").replace("X-Amz-Exp", "Exp")),
            short.to_owned(),
            "",
        ),
        (
            "https://s3/a?AWSAccessKeyId=AKIA&Signature=".to_owned(),
            short.replace('+', "%2B").replace('=', "%3D"),
            "&x=y&Expires=1",
        ),
        (format!("{azure}&sig="), escaped.clone(), ""),
        (format!("{azure}&sr=b&sig="), base64.clone(), "&rscd=x"),
        ("https://account.blob.core.windows.net/a?sig=".to_owned(), escaped.clone(), "&sv=2024-11-04"),
        ("BlobEndpoint=https://a/;SharedAccessSignature=sv=2024-11-04&sig=".to_owned(), escaped, ""),
    ]
}

fn matcher() -> Matcher {
    Matcher::of(&[Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token)])
}

#[test]
fn signature_of_a_signed_url_is_found_at_every_offset() {
    let matcher = matcher();
    for (before, signature, after) in urls() {
        for offset in 0..9 {
            let start = format!("{}\"{before}", "x".repeat(offset));
            let text = format!("{start}{signature}{after}\" and more");
            let found = matcher.find(text.as_bytes());
            let ranges: Vec<_> = found.iter().map(|found| (found.range.clone(), found.is_signed_url)).collect();
            assert_eq!(ranges, [(start.len()..start.len() + signature.len(), true)], "{offset}: {text}");
        }
    }
}

#[test]
fn mention_without_a_signature_is_not_found() {
    let (hex, base64) = ("9f86d081884c7d65".repeat(4), "k7Qe+1Zr/".repeat(4) + "aB3dE5f=");
    for text in [
        "https://b.s3.amazonaws.com/a?X-Amz-Signature=".to_owned(),
        "https://b.s3.amazonaws.com/a?X-Amz-Signature=<signature-value>&x=y".to_owned(),
        format!("?X-Amz-Signature={}", &hex[1..]),
        format!("?X-Amz-Signature={hex}a"),
        format!("?X-Amz-Signature={hex}z"),
        format!("?X-Amz-SignedHeaders={hex}"),
        format!("Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature={hex}"),
        format!("?X-Goog-Signature={hex}"),
        format!("?Expires=1&Signature={}", &base64[16..]),
        format!("?Signature={}&x=y AWSAccessKeyId=a&Expires=1", &base64[16..]),
        format!("?sig={base64}"),
        format!("?sig={base64} se=1&sv=2"),
        format!("?sv=1&sig={}", &base64[1..]),
        format!("?sv=1&sig=a{base64}"),
        format!("?sv=1&konsig={base64}"),
        format!("{}&sig={base64}", "?sv=1".to_owned() + &"x".repeat(3000)),
    ] {
        assert_eq!(matcher().find(text.as_bytes()), [], "{text}");
    }
}

/// Text that looks like a token is treated the same.
#[test]
fn signed_url_is_suspected_and_fails_with_strict() {
    let (before, signature, after) = &urls()[0];
    let text = format!("{before}{signature}{after}");
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("work/results/a", &text);
    let ran = world.spawn(["scan", "results"]).expect(0);
    assert_eq!(ran.out, format!("results/a:1:{0}: a signed storage URL at byte {1}\n", before.len() + 1, before.len()));
    assert!(ran.err.contains("but a signed storage URL is; --strict counts that as well"), "{ran:?}");
    let ran = world.spawn(["scan", "--strict", "results"]).expect(9);
    assert!(ran.err.contains("found a signed storage URL once, in 1 file\n") && ran.err.contains("expires"), "{ran:?}");
    let json = world.spawn(["scan", "--json", "results"]).expect(0).json();
    assert_eq!((&json["suspected"][0]["kind"], &json["counts"]["suspected"]), (&"signed-url".into(), &1.into()));
    for (args, code) in [(&["--gate", "results"][..], 0), (&["--gate", "results", "--mask", "--mask-urls"], 0)] {
        let mut command = world.command();
        let ran = Ran::from(command.args(["exec", "--offline"]).args(args).args(["--", "true"]).output().unwrap());
        assert!(ran.expect(code).err.contains("results/a:1:"));
    }
    let both = world.file("work/results/b", "cop_d23dasd312");
    let ran = both.spawn(["scan", "--strict", "results"]).expect(9);
    assert!(ran.err.contains("found what looks like a token, or a signed storage URL, 2 times, in 2 files"), "{ran:?}");
    both.spawn(["scan", "--strict", "--redact", "results"]).expect(9);
    both.spawn(["scan", "--strict", "results"]).expect(0);
    assert_eq!(fs::read_to_string(both.path("work/results/a")).unwrap(), format!("{before}{}", "*".repeat(64)));
}

/// Across the end of each piece that is read at once.
#[test]
fn signed_url_is_found_across_pieces_of_a_file() {
    let mut world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let mut count = 0;
    for (before, signature, after) in urls() {
        for place in (260_000..264_000).step_by(317) {
            let text = format!("{} {before}{signature}{after}\n{}", ".".repeat(place), ".".repeat(300_000));
            world = world.file(&format!("work/results/{count}"), text);
            count += 1;
        }
    }
    let json = world.spawn(["scan", "--json", "results"]).expect(0).json();
    assert_eq!(json["counts"]["suspected"], count);
}

/// Masks signed URLs as well.
struct WithUrls(Arc<Matcher>);

impl MatcherProvider for WithUrls {
    fn current(&self) -> Arc<Matcher> {
        Arc::clone(&self.0)
    }

    fn refreshed(&self) -> Arc<Matcher> {
        Arc::clone(&self.0)
    }

    fn masks_urls(&self) -> bool {
        true
    }
}

#[test]
fn signature_is_masked_wherever_the_stream_is_cut_and_paused() {
    let provider = WithUrls(Arc::new(matcher()));
    for (before, signature, after) in urls() {
        let (start, text) = (format!("at {before}"), format!("at {before}{signature}{after} and {TOKEN}\n"));
        let wanted = format!("at {before}***{after} and ***\n");
        for cut in 0..=start.len() + signature.len() + after.len() {
            let (mut masker, mut out) = (Masker::new(&provider), Vec::new());
            masker.feed(&text.as_bytes()[..cut], &mut out);
            // A pause shows no more than the first characters.
            let is_inside = (start.len() + 4..=start.len() + signature.len()).contains(&cut);
            if masker.can_release() {
                assert!(!is_inside, "{cut}: {text}");
                masker.release(&mut out);
            }
            masker.feed(&text.as_bytes()[cut..], &mut out);
            assert_eq!(masker.finish(&mut out), 2);
            let shown = String::from_utf8_lossy(&out).into_owned();
            let is_paused_early = (start.len() + 1..start.len() + 4).contains(&cut);
            assert!(shown == wanted || is_paused_early && !shown.contains(&signature[4..12]), "{cut}: {shown}");
        }
        let (mut masker, mut out) = (Masker::new(&provider), Vec::new());
        text.bytes().for_each(|byte| masker.feed(&[byte], &mut out));
        masker.finish(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), wanted);
    }
}

#[test]
fn output_is_masked_only_with_mask_urls() {
    let (before, signature, _) = &urls()[0];
    let script = format!("echo '{before}{signature}'; printf 'Go on? y'");
    for (args, out) in [
        (&["--mask"][..], format!("{before}{signature}\nGo on? y")),
        (&["--mask", "--mask-urls"], format!("{before}***\nGo on? y")),
    ] {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
        let mut command = world.command();
        command.args(["exec", "--offline"]).args(args).args(["--", "sh", "-c", &script]);
        let ran = Ran::from(command.output().unwrap()).expect(0);
        assert_eq!(ran.out, out);
        let remark = "a token or the signature of a storage URL was masked once";
        assert_eq!(ran.err.contains(remark), args.len() == 2, "{ran:?}");
    }
    Sandbox::new().with("CUSTOM_KEY", TOKEN).spawn(["exec", "--mask-urls", "--", "true"]).expect(125);
}
