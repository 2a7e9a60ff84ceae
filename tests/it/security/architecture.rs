//! The code keeps to its architecture: layers as `lib.rs` draws them, who may expose the token, what stands behind a seam.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every source file, and its text less what stands behind `//`.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.clone(), fs::read_to_string(&path).unwrap())),
            }
        }
    }
    found
}

fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The path below `src`.
fn name(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().display().to_string()
}

/// The module below `src` that a file belongs to.
fn module(path: &Path) -> String {
    name(path).split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

/// Modules and their layers, the lowest first, as `lib.rs` draws them.
fn layers() -> BTreeMap<String, usize> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let lines = lib.lines().skip_while(|line| *line != "//! ```text").skip(1).take_while(|line| *line != "//! ```");
    let layers: Vec<&str> = lines.map(|line| line.trim_start_matches("//! ")).collect();
    let layer = |(number, line): (usize, &&str)| {
        let modules: Vec<String> = line[..25].split_whitespace().map(str::to_owned).collect();
        modules.into_iter().map(move |module| (module, number)).collect::<Vec<_>>()
    };
    layers.iter().rev().enumerate().flat_map(layer).collect()
}

/// Every module that a text names as `crate::module`.
fn imports(text: &str) -> Vec<String> {
    let code = code(text);
    let mut modules = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find("};").unwrap()];
                modules.extend(list.split(", ").map(|item| item.trim().split("::").next().unwrap().to_owned()));
            }
            None => modules.push(rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()),
        }
    }
    modules
}

#[test]
fn imports_point_down() {
    let layers = layers();
    for (path, text) in sources() {
        let here = module(&path);
        if matches!(here.as_str(), "main" | "lib") {
            continue;
        }
        let layer = layers.get(&here).unwrap_or_else(|| panic!("{here} is missing in the drawing of lib.rs"));
        for import in imports(&text).into_iter().filter(|import| *import != here) {
            let below = layers.get(&import).unwrap_or_else(|| panic!("{import} is missing in the drawing of lib.rs"));
            assert!(below < layer, "{} imports {import}, which is not in a layer below {here}", path.display());
        }
    }
}

#[test]
fn the_drawing_shows_every_module_and_no_other() {
    let modules: BTreeSet<String> = sources()
        .iter()
        .map(|(path, _)| module(path))
        .filter(|module| !matches!(module.as_str(), "main" | "lib"))
        .collect();
    let drawn: BTreeSet<String> = layers().into_keys().collect();
    assert_eq!(modules, drawn);
}

#[test]
fn the_token_leaves_in_these_files_only() {
    let mut exposing: Vec<String> =
        sources().iter().filter(|(_, text)| code(text).contains(".expose()")).map(|(path, _)| name(path)).collect();
    exposing.sort();
    let expected = [
        "agent/change_hooks.rs",
        "agent/responder.rs",
        "broker/mod.rs",
        "broker/pass.rs",
        "deliver/mod.rs",
        "http/authorization.rs",
        "keyring/entry.rs",
        "patterns/encodings.rs",
        "verify/cache.rs",
    ];
    assert_eq!(exposing, expected);
}

/// What only one kind of system has stands in a module's `unix.rs` or `windows.rs`, or in a folder of that name, which the
/// module's one seam chooses between; both have the same names.
#[test]
fn what_only_one_system_has_stands_behind_a_seam() {
    const SEAM: &str = "#[cfg_attr(unix, path = \"unix";
    let is_behind = |name: &str| name.split('/').any(|part| ["unix", "unix.rs", "windows.rs"].contains(&part));
    let mut seams = BTreeMap::new();
    for (path, text) in sources() {
        let (code, name) = (code(&text), name(&path));
        if is_behind(&name) {
            continue;
        }
        for word in
            ["std::os::", "rustix::", "nix::", "libc::", "signal_hook::", "ctrlc::", "winapi_util::", "windows_sys::"]
        {
            assert!(!code.contains(word), "{name} uses {word}");
        }
        *seams.entry(module(&path)).or_insert(0) += code.matches(SEAM).count();
    }
    assert!(seams.values().all(|seams| *seams <= 1), "{seams:?}");
    let both = |name: &String| name.ends_with("/windows.rs");
    let here: Vec<String> = sources().iter().map(|(path, _)| name(path)).collect();
    for windows in here.iter().filter(|name| both(name)) {
        let unix = windows.replace("windows.rs", "unix");
        assert!(here.contains(&format!("{unix}.rs")) || here.contains(&format!("{unix}/mod.rs")), "{windows} is alone");
    }
    assert_eq!(here.iter().filter(|name| both(name)).count(), seams.values().sum::<usize>());
}

#[test]
fn nobody_else_reads_the_environment_or_speaks() {
    for (path, text) in sources() {
        let (code, name) = (code(&text), name(&path));
        assert!(!code.contains("env::var") || name == "env.rs", "{name} reads the environment");
        for word in ["println!", "eprint!(", "print!("] {
            let allowed = name == "cli/messages.rs";
            assert!(allowed || !code.replace("write", "").contains(word), "{name} prints");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} has no header", path.display());
        let lines = text.lines().count();
        assert!(lines < 490, "{} has {lines} lines", path.display());
    }
}

/// Files import each other in one direction: no path of `use` lines leads from a file back to it.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let graph = file_imports();
    for start in graph.keys() {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(file) = open.pop() {
            for next in graph.get(file).into_iter().flatten() {
                assert!(next != start, "{start} imports itself, by way of {file}");
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
}

/// Each file by its module path, and the files that its `use` lines name.
fn file_imports() -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<String, String> = sources()
        .into_iter()
        .map(|(path, text)| {
            let path = name(&path);
            let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
            (path.replace('/', "::"), text)
        })
        .filter(|(module, _)| !matches!(module.as_str(), "main" | "lib"))
        .collect();
    // A seam calls the file of one system `system`.
    let file = |path: &str| {
        let path = path.replace("::system", "::unix");
        let mut parts: Vec<&str> = path.split("::").collect();
        while !parts.is_empty() && !modules.contains_key(&parts.join("::")) {
            parts.pop();
        }
        parts.join("::")
    };
    let imports = |(module, text): (&String, &String)| {
        let is_child = |path: &str| modules.contains_key(&format!("{module}::{path}")) || path == "system";
        let named = uses(&code(text)).into_iter().filter_map(|path| absolute(module, &path, &is_child));
        let files = named.map(|path| file(&path)).filter(|file| !file.is_empty() && file != module);
        (module.clone(), files.collect())
    };
    modules.iter().map(imports).collect()
}

/// The paths of the `use` lines of a file, one for each name.
fn uses(code: &str) -> Vec<String> {
    let lines = code.split(';').filter_map(|line| {
        let line = line.rsplit_once("\nuse ").map(|(_, path)| path).or_else(|| line.strip_prefix("use "))?;
        Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    lines.flat_map(|line| names_of(&line)).collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn names_of(path: &str) -> Vec<String> {
    let Some((head, list)) = path.split_once('{') else { return vec![path.trim().to_owned()] };
    let (mut names, mut depth, mut item) = (Vec::new(), 0, String::new());
    for c in list.trim_end().trim_end_matches('}').chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            names.push(std::mem::take(&mut item));
        } else {
            item.push(c);
        }
    }
    names.push(item);
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    names.flat_map(|name| names_of(&format!("{head}{name}"))).collect()
}

/// A path from the root of the crate; none for one that leads to another crate.
fn absolute(module: &str, path: &str, is_child: &dyn Fn(&str) -> bool) -> Option<String> {
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
    }
    if is_child(path.split("::").next().unwrap_or_default()) {
        return Some(format!("{module}::{path}"));
    }
    let (mut module, mut path) = (module, path);
    if !path.starts_with("super::") {
        return None;
    }
    while let Some(rest) = path.strip_prefix("super::") {
        module = module.rsplit_once("::").map_or("", |(parent, _)| parent);
        path = rest;
    }
    Some(format!("{module}::{path}").trim_start_matches("::").to_owned())
}

/// The page for developers has the layers of `lib.rs`, in their order.
#[test]
fn the_architecture_page_shows_the_layers_of_the_code() {
    let page = include_str!("../../../docs/architecture.md");
    let rows = page.lines().skip_while(|line| *line != "|---|---|").skip(1).take_while(|line| line.starts_with('|'));
    let modules = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let mut layers: Vec<(usize, String)> = layers().into_iter().map(|(module, layer)| (layer, module)).collect();
    layers.sort();
    let shown: BTreeSet<&str> = modules.clone().collect();
    assert_eq!(shown, layers.iter().map(|(_, module)| module.as_str()).collect());
    let heights: BTreeMap<&str, usize> = layers.iter().map(|(layer, module)| (module.as_str(), *layer)).collect();
    let shown: Vec<usize> = modules.map(|module| heights[module]).collect();
    assert!(shown.windows(2).all(|two| two[0] >= two[1]), "the rows are in another order than the layers");
    let diagram = page.split("```").find(|block| block.starts_with("mermaid")).unwrap();
    for word in diagram.split('"').skip(1).step_by(2).map(|label| label.split("<br/>").next().unwrap()) {
        let path = word.rsplit_once("::").map_or(word, |(module, _)| module);
        let exists =
            sources().iter().any(|(file, _)| name(file).trim_end_matches(".rs").replace('/', "::").starts_with(path));
        assert!(exists, "{word} is in the diagram, and {path} is not in the code");
    }
}

/// Links between pages lead somewhere.
#[test]
fn every_link_between_pages_leads_to_a_file() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs"];
    for page in pages.iter().flat_map(|page| walkdir::WalkDir::new(top.join(page))).map(Result::unwrap) {
        if page.path().extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(page.path()).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:")) {
            let target = page.path().parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}", page.path().display());
        }
    }
}

/// A test file that grows over this has more than one topic.
#[test]
fn test_files_stay_small() {
    for entry in
        walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")).into_iter().map(Result::unwrap)
    {
        if entry.file_type().is_file() {
            let lines = fs::read_to_string(entry.path()).unwrap().lines().count();
            assert!(lines <= 400, "{} has {lines} lines", entry.path().display());
        }
    }
}

#[test]
fn the_index_of_the_tests_has_a_row_for_every_module() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let index = fs::read_to_string(top.join("main.rs")).unwrap();
    let rows: Vec<&str> = index.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next()).collect();
    let named: BTreeSet<String> = rows.iter().map(|row| format!("{}.rs", row.replace("::", "/"))).collect();
    assert_eq!(named.len(), rows.len(), "a module has two rows");
    for file in named {
        assert!(top.join(&file).exists(), "{file} has a row in tests/it/main.rs, and does not exist");
    }
    for entry in walkdir::WalkDir::new(&top).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file())
    {
        let has_tests = fs::read_to_string(entry.path()).unwrap().contains("\n#[test]\n");
        let path = entry.path().strip_prefix(&top).unwrap().display().to_string();
        let module = path.trim_end_matches(".rs").replace('/', "::");
        assert!(!has_tests || rows.contains(&module.as_str()), "{module} has no row in tests/it/main.rs");
    }
}

/// The files that the pages name in backticks exist.
#[test]
fn every_file_that_a_page_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs"];
    for page in pages.iter().flat_map(|page| walkdir::WalkDir::new(top.join(page))).map(Result::unwrap) {
        let Ok(text) = fs::read_to_string(page.path()) else { continue };
        let is_path =
            |word: &&str| ["src/", "tests/", "docs/", "packaging/"].iter().any(|start| word.starts_with(start));
        for word in text.split('`').skip(1).step_by(2).filter(is_path) {
            let path = word.split_whitespace().next().unwrap_or(word);
            assert!(top.join(path).exists(), "{} names {path}", page.path().display());
        }
    }
}
