//! Which variables a command finds: the names that scripts read, the values that they expect, and none that leads to the
//! token behind the broker.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use co_cred::names::{self, Owner};
use co_cred::sources::{self, SearchContext, SearchOptions};

use crate::support::pages;
use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// What a command finds under each name; nothing where the variable is not set.
fn found(world: &Sandbox, options: &[&str], names: &[&str]) -> Vec<String> {
    let args = [&["exec", "--offline"], options, &["--", "env", "-0"]].concat();
    let ran = world.spawn(args).expect(0);
    let value = |name: &&str| ran.out.split('\0').find_map(|pair| pair.strip_prefix(*name)?.strip_prefix('='));
    names.iter().map(|name| value(name).unwrap_or_default().to_owned()).collect()
}

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org")
}

#[test]
fn a_path_that_holds_the_prefix_of_tokens_stays() {
    let path = format!("/opt/scop_tools:/opt/cop_tools:{}", std::env::var("PATH").unwrap());
    let values = [
        ("PATH", &*path),
        ("LD_LIBRARY_PATH", "/opt/scop_tools/lib"),
        ("COP_DATA", "/data/cop_subject01/cop_2024.csv"),
        ("COP_INPUT", "cop_data2024/sub01/file.csv"),
        ("COP_OUTPUT", "cop_displacement.csv"),
    ];
    let world = values.iter().fold(world(), |world, (name, value)| world.with(name, *value));
    for options in [&["--broker"][..], &["--clean"], &["--broker", "--clean", "--all-names"]] {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let expected: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
        assert_eq!(found(&world, options, &names), expected, "{options:?}");
    }
}

#[test]
fn a_value_that_names_the_deployment_stays_byte_for_byte() {
    for value in
        ["co.example.org", "https://co.example.org/", "HTTPS://Co.example.org", "https://co.example.org/api/v1"]
    {
        for name in ["CODEOCEAN_DOMAIN", "CODEOCEAN_URL", "CODE_OCEAN_URL", "CODEOCEAN_API_URL"] {
            let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with(name, value);
            assert_eq!(found(&world, &[], &[name]), [value]);
            assert_eq!(found(&world, &["--all-names"], &[name]), [value]);
            let ran = world.spawn(["exec", "--offline", "--explain"]).expect(0);
            assert!(ran.out.contains(&format!("keep    {name} (it names the deployment already)")), "{ran:?}");
        }
    }
}

#[test]
fn what_a_shell_evaluates_keeps_a_value_that_names_the_deployment() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
    let ran = world.shell("sh", "eval \"$(co-cred env --offline)\"; echo $CODEOCEAN_DOMAIN").expect(0);
    assert_eq!(ran.out, "co.example.org\n");
    // A file is read elsewhere.
    let ran = world.run(["env", "--offline", "--format", "dotenv"]).expect(0);
    assert!(ran.out.contains("https://co.example.org"), "{ran:?}");
    let other = ["env", "--offline", "--deployment", "two.example.org"];
    assert!(world.run(other).expect(0).out.contains("https://two.example.org"));
}

#[test]
fn a_value_that_names_another_deployment_is_replaced_in_its_own_form() {
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("CODEOCEAN_DOMAIN", "old.example.org")
        .with("CODEOCEAN_URL", "https://old.example.org/");
    let deployment = ["--deployment", "co.example.org:8443"];
    let names = ["CODEOCEAN_DOMAIN", "CODEOCEAN_URL", "CO_DOMAIN"];
    assert_eq!(found(&world, &deployment, &names), ["co.example.org:8443", "https://co.example.org:8443", ""]);
}

#[test]
fn domain_as_gives_the_deployment_under_another_name_in_either_form() {
    let names = ["CODEOCEAN_DOMAIN", "CO_HOST", "GIT_HOST", "BASE_URL"];
    let options = ["--domain-as", "CO_HOST=host", "--domain-as", "GIT_HOST=host", "--domain-as", "BASE_URL"];
    let expected = ["https://co.example.org", "co.example.org", "co.example.org", "https://co.example.org"];
    assert_eq!(found(&world(), &options, &names), expected);
    let options = ["--domain-as", "CODEOCEAN_DOMAIN=host", "--domain-as", "BASE_URL=url"];
    assert_eq!(
        found(&world(), &options, &["CODEOCEAN_DOMAIN", "BASE_URL"]),
        ["co.example.org", "https://co.example.org"]
    );
    for wrong in ["X=both", "1X", "", "=host", "PATH", "API_KEY=host", "CODEOCEAN_EMAIL", TOKEN] {
        let ran = world().spawn(["exec", "--offline", "--domain-as", wrong, "--", "true"]).expect(125);
        assert!(ran.err.contains("--domain-as takes the name") && !ran.err.contains(TOKEN), "{ran:?}");
    }
    let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).spawn(["exec", "--offline", "--domain-as", "X", "--", "true"]);
    assert!(ran.expect(125).err.contains("--domain-as needs the deployment"));
}

#[test]
fn as_refuses_names_that_mean_something_else() {
    let refused = [
        "CODEOCEAN_EMAIL",
        "GIT_HOST",
        "GIT_ACCESS_TOKEN",
        "CODEOCEAN_CREDENTIALS_PATH",
        "CREDENTIALS_DIRECTORY",
        "CO_CRED_TOKEN_FILE",
        "CODE_OCEAN_URL",
        "CO_CAPSULE_ID",
        "https_proxy",
        "SSL_CERT_FILE",
        "LD_PRELOAD",
        "PATH",
    ];
    for name in refused {
        for args in [&["exec", "--offline", "--as", name, "--", "true"][..], &["env", "--offline", "--as", name]] {
            let ran = world().spawn(args);
            assert!(ran.code != 0 && ran.err.contains("not a name with another meaning"), "{name}: {ran:?}");
        }
    }
    for name in ["API_SECRET", "API_KEY_2", "SRC_CO_TOKEN", "my_token"] {
        assert_eq!(found(&world(), &["--as", name], &[name]), [TOKEN]);
    }
}

#[test]
fn all_names_are_those_that_public_code_reads() {
    let world = world().with("ACCESS_TOKEN", "another-service");
    let names = ["CO_API_SECRET", "CO_API", "code_ocean_api_key", "CUSTOM_KEY_2", "ACCESS_TOKEN"];
    assert_eq!(found(&world, &["--all-names"], &names), [TOKEN, TOKEN, TOKEN, TOKEN, "another-service"]);
    assert_eq!(found(&world, &["--all-names"], &["CODE_OCEAN_URL"]), ["https://co.example.org"]);
}

#[test]
fn the_accounts_email_is_set_where_it_is_known() {
    assert_eq!(found(&world(), &[], &["CODEOCEAN_EMAIL"]), [""]);
    let config = "[[deployment]]\ndomain = \"co.example.org\"\nemail = \"ada@example.org\"\n";
    let world = world().file("home/.config/co-cred/config.toml", config);
    assert_eq!(found(&world, &[], &["CODEOCEAN_EMAIL"]), ["ada@example.org"]);
    assert_eq!(found(&world, &["--broker"], &["CODEOCEAN_EMAIL"]), ["ada@example.org"]);
    let world = world.with("CODEOCEAN_EMAIL", "Ada@example.org");
    assert_eq!(found(&world, &[], &["CODEOCEAN_EMAIL"]), ["Ada@example.org"]);
    // The token is found without it.
    let world = world.without("CODEOCEAN_EMAIL").file("home/.config/co-cred/config.toml", "[[[");
    assert_eq!(found(&world, &[], &["CODEOCEAN_TOKEN", "CODEOCEAN_EMAIL"]), [TOKEN, ""]);
}

#[test]
fn behind_the_broker_a_script_finds_the_pass_under_the_name_that_it_reads() {
    let world = Sandbox::new()
        .with("API_SECRET", TOKEN)
        .with("MY_TOKEN", format!(" '{TOKEN}'\n"))
        .with("SRC_CO_TOKEN", OTHER)
        .with("HEADER", format!("Bearer {TOKEN}"))
        .with("CODE_OCEAN_URL", "co.example.org")
        .with("CO_DOMAIN", "https://co.example.org");
    let names = ["CODEOCEAN_TOKEN", "API_SECRET", "MY_TOKEN", "SRC_CO_TOKEN", "HEADER"];
    let values = found(&world, &["--broker"], &names);
    assert!(values[0].starts_with("cop_run"), "{values:?}");
    assert_eq!(values[1..], [&*values[0], &values[0], "", ""]);
    let values = found(&world, &["--broker"], &["CODEOCEAN_DOMAIN", "CODE_OCEAN_URL", "CO_DOMAIN", "CODEOCEAN_URL"]);
    assert!(values[0].starts_with("http://127.0.0.1:"), "{values:?}");
    assert_eq!(values[1..], [&*values[0], &values[0], ""]);
}

#[test]
fn behind_the_broker_no_variable_leads_to_a_source() {
    let world = world();
    let leads = sources::named_by(&SearchOptions::new(&SearchContext::new(&world.env)));
    for lead in ["CREDENTIALS_DIRECTORY", "CO_CRED_SECRETS_DIR", "CO_CRED_AGENT_SOCK", "CODEOCEAN_CREDENTIALS_PATH"] {
        assert!(leads.contains(&lead), "{lead}");
    }
    // The option's own variables and the agent's would have to lead somewhere.
    let set = leads
        .iter()
        .filter(|lead| !matches!(**lead, "CO_CRED_AGENT_SOCK" | "CO_CRED_TOKEN_FILE" | "CO_CRED_TOKEN_ENV"));
    let world = set.fold(world, |world, lead| world.with(lead, "/nowhere"));
    assert_eq!(found(&world, &["--broker"], &leads), vec![""; leads.len()]);
}

#[test]
fn base64_of_base64_is_removed_as_the_token_is() {
    let auth = STANDARD.encode(format!("ada@example.org:{TOKEN}"));
    let config = format!(r#"{{"auths":{{"registry.co.example.org":{{"auth":"{auth}"}}}}}}"#);
    let unknown = STANDARD.encode(format!(r#"{{"auth":"{}"}}"#, STANDARD.encode(format!("x:{OTHER}"))));
    let world = world()
        .with("DOCKER_CONFIG_JSON", STANDARD.encode(&config))
        .with("DEEPER", STANDARD.encode(STANDARD.encode(&config)))
        .with("UNKNOWN", &unknown)
        .with("WRAPPED", lines(&STANDARD.encode(&config), 76))
        .with("WRAPPED_TWICE", lines(&STANDARD.encode(lines(&STANDARD.encode(&config), 64)), 76))
        .with("PICTURE", STANDARD.encode([7; 3000]));
    let names = ["DOCKER_CONFIG_JSON", "DEEPER", "WRAPPED", "WRAPPED_TWICE", "UNKNOWN", "PICTURE"];
    let picture = STANDARD.encode([7; 3000]);
    assert_eq!(found(&world, &["--broker"], &names), ["", "", "", "", "", &*picture]);
    assert_eq!(found(&world, &["--clean"], &names), ["", "", "", "", &*unknown, &*picture]);
}

/// As `base64` prints what is long.
fn lines(text: &str, length: usize) -> String {
    text.as_bytes().chunks(length).map(|line| std::str::from_utf8(line).unwrap().to_owned() + "\n").collect()
}

/// Git counts the values, and refuses to start where one is not there.
#[test]
fn a_setting_of_git_that_holds_the_token_is_emptied() {
    let world = world()
        .with("GIT_CONFIG_COUNT", "2")
        .with("GIT_CONFIG_KEY_0", "http.extraHeader")
        .with("GIT_CONFIG_VALUE_0", format!("Authorization: Bearer {TOKEN}"))
        .with("GIT_CONFIG_KEY_1", "user.name")
        .with("GIT_CONFIG_VALUE_1", "Ada");
    for option in ["--clean", "--broker"] {
        let git = ["exec", "--offline", option, "--", "git", "config", "--list"];
        let ran = world.spawn(git).expect(0);
        assert!(ran.out.contains("http.extraheader=\n") && ran.out.contains("user.name=Ada\n"), "{ran:?}");
    }
}

#[test]
fn a_variable_that_is_removed_is_not_said_to_be_left() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org");
    let world = world.with("API_KEY", OTHER).with("ACCESS_TOKEN", "another-service");
    let ran = world.spawn(["exec", "--offline", "--broker", "--all-names", "--explain"]).expect(0);
    assert!(ran.out.contains("remove  API_KEY") && !ran.out.contains("leave   API_KEY"), "{ran:?}");
    assert!(ran.out.contains("leave   ACCESS_TOKEN"), "{ran:?}");
}

/// The reference page of variables. With `CO_CRED_TESTS_WRITE=1` the test writes it.
#[test]
fn the_reference_page_lists_every_variable_in_the_table() {
    let whose = |owner: Owner| match owner {
        Owner::CoCred => "co-cred",
        Owner::CodeOcean => "Code Ocean",
        Owner::Shared => "several services",
        Owner::Tool => "other programs",
    };
    let mut page = String::from(
        "# Environment variables\n\nEvery variable that co-cred reads or sets, and those that it leaves alone because they mean something else. Tokens \
         and deployments\nare searched in this order. The [README](../../README.md#where-the-token-comes-from) has the order of all sources.\n\n\
         | variable | what it is | whose |\n|---|---|---|\n",
    );
    for variable in names::VARIABLES {
        page.push_str(&format!("| `{}` | {} | {} |\n", variable.name, variable.about, whose(variable.owner)));
    }
    pages::written("environment.md", &page);
}

#[test]
fn every_variable_name_in_the_code_is_in_the_table() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_name = |word: &str| {
        word.trim_matches('_').contains('_')
            && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    for entry in
        walkdir::WalkDir::new(source).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file())
    {
        let text = fs::read_to_string(entry.path()).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for word in code
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|word| is_name(word) && !word.starts_with("CARGO_") && !word.ends_with('_'))
        {
            assert!(names::variable(word).is_some(), "{word}, of {}, is missing in names.rs", entry.path().display());
        }
    }
}
