//! Here-documents in the shell file of a mount are input of a command, not assignments.

use co_cred::parse::shell;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// The parsed value of `A`: none, unknown, or a value.
#[expect(clippy::option_option, reason = "a variable may be missing, unknown, or have a value")]
fn value_of_a(script: &str) -> Option<Option<String>> {
    let found = shell::assignments(script.as_bytes()).unwrap_or_else(|error| panic!("{script}: {error}"));
    let last = found.into_iter().rfind(|one| one.name == "A")?;
    Some(last.value.map(|value| String::from_utf8(value.to_vec()).unwrap()))
}

#[test]
fn a_here_document_is_skipped_and_what_follows_is_parsed() {
    let scripts = [
        "cat <<EOF\nA=1\nEOF\nA=2",
        "cat << EOF\nA=1\nEOF\nA=2\n",
        "cat <<EOF\nexport A='1\nEOF\nexport A=2",
        "cat <<EOF\nA=1\n EOF\nEOF \nEOF\nA=2",
        "cat <<EOF\nA=1\n\tEOF\nEOF\nA=2",
        "cat <<-EOF\n\tA=1\n\t\tEOF\nA=2",
        "cat <<- EOF\n\tA=1\nEOF\nA=2",
        "cat <<'EOF'\nA=$(\n`\n\"\nEOF\nA=2",
        "cat <<\"EOF\"\nA=${\nEOF\nA=2",
        "cat <<\\EOF\nA=1\\\nEOF\nA=2",
        "cat <<E'O'F\nA=1\\\nEOF\nA=2",
        "cat <<'E F'\nA=1\nE F\nA=2",
        "cat <<''\nA=1\n\nA=2",
        "cat <<$EOF\nA=1\n$EOF\nA=2",
        // If the delimiter is not quoted, a line that ends in a backslash continues.
        "cat <<EOF\nA=1\\\nEOF\nA=3\nEOF\nA=2",
        "cat <<EOF\nA=1\\\\\nEOF\nA=2",
        "cat <<EOF\nA=1\nEO\\\nF\nA=2",
        // Several on a line, in order.
        "cat <<ONE <<TWO\nA=1\nTWO\nONE\nA=1\nTWO\nA=2",
        "cat <<'ONE' 3<<-TWO; cat <<ONE\nA=1\nONE\n\tA=1\n\tTWO\nA=1\nONE\nA=2",
        "cat <<EOF; A=2\nA=1\nEOF",
        "cat <<EOF # a comment's quote\nA=1\nEOF\nA=2",
        "cat <<EOF \\\n -n\nA=1\nEOF\nA=2",
        "A=2 <<EOF\nA=1\nEOF",
        "A=2<<EOF\nA=1\nEOF",
        "export A=2 0<<EOF\nA=1\nEOF",
        "<<EOF cat\nA=1\nEOF\nA=2",
        // With other redirections.
        "cat >/dev/null <<EOF\nA=1\nEOF\nA=2",
        "cat <<EOF >/dev/null 2>&1\nA=1\nEOF\nA=2",
        "cat <<EOF >> A=1\nA=1\nEOF\nA=2",
        "cat <<<A=1\nA=2",
        "cat <<< \"A=1\nEOF\"\nA=2",
        // In a substitution, whose value is unknown.
        "B=$(cat <<'EOF'\n)\"'A=1\nEOF\n)\nA=2",
        "B=\"$(cat <<EOF\n\"A=1)\nEOF\n)\"; A=2",
        "echo $(cat <<EOF) x\nA=1\nEOF\nA=2",
        // None of these is a here-document.
        "echo '<<EOF' \"<<EOF\" \\<\\<EOF\nA=2",
        "# <<EOF\nA=2",
        "B=$((1 << 3))\nA=2",
        "B=${C:-<<EOF}\nA=2",
        "A=2 # <<EOF",
    ];
    for script in scripts {
        assert_eq!(value_of_a(script), Some(Some("2".to_owned())), "{script}");
    }
}

#[test]
fn a_here_document_of_a_command_that_may_not_run_is_skipped_too() {
    for script in [
        "if true; then\ncat <<EOF\nA=1\nEOF\nfi",
        "f() {\ncat <<EOF\nA=1\nEOF\n}",
        "(cat <<EOF\nA=1\nEOF\n)",
        "cat <<EOF | cat\nA=1\nEOF\n",
        "cat <<ONE && cat <<TWO\nA=1\nONE\nA=1\nTWO\n",
        "while read -r x; do echo \"$x\"; done <<EOF\nA=1\nEOF\n",
    ] {
        assert_eq!(value_of_a(script), None, "{script}");
    }
    for script in [
        "cat <<EOF | cat\nA=1\nEOF\nA=2",
        "A=1\nread -r A <<EOF\nx\nEOF",
        "read -r A B <<EOF\nx\nEOF",
        "export A=2 >file <<EOF\nA=1\nEOF\n",
        "(( B = 1 << 3 ))\nA=2",
        "for ((B = 1; B < 9; B <<= 1)); do :; done\nA=2",
        "A=$(cat <<EOF\nA=1\nEOF\n)",
    ] {
        assert_eq!(value_of_a(script), Some(None), "{script}");
    }
}

#[test]
fn an_unterminated_here_document_is_an_error() {
    for script in ["cat <<EOF", "cat <<EOF\n", "cat <<EOF\nA=1\n", "cat <<EOF\nA=1\n EOF\n", "cat <<A <<B\nA\n"] {
        let error = shell::assignments(script.as_bytes()).unwrap_err();
        assert_eq!(error, shell::SyntaxError::UnterminatedHereDocument, "{script}");
    }
    let world = Sandbox::new().file("mount/secrets", format!("export CODEOCEAN_TOKEN={TOKEN}\ncat <<EOF\nx\n"));
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("mount/secrets ends inside a here-document"), "{ran:?}");
}

#[test]
fn the_token_of_a_mount_is_not_taken_from_a_here_document() {
    let script = format!(
        "cat > /root/.netrc <<'EOF'\nmachine x password {OTHER}\nCODEOCEAN_TOKEN={OTHER}\nEOF\n\
         export KEY=$(cat <<-\"END\"\n\t{{\"it's\": \"(\"}}\n\tEND\n)\nexport CODEOCEAN_TOKEN={TOKEN}\n"
    );
    let ran = Sandbox::new().file("mount/secrets", script).run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out, format!("{TOKEN}\n"), "{}", ran.err);
}
