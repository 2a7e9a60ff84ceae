//! The capsule's slot files: which variables its secrets were declared to fill. They hold names, never values.
//!
//! Two generations, and a capsule can hold both: `.codeocean/secrets.json` (since v2.22) and
//! `environment/environment.yml`. They are a hint only: a broken one causes a warning and stops nothing.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::env::Env;
use crate::error::Remark;
use crate::files::{self, ReadError};

use crate::parse::shell::is_name;
use crate::parse::yaml;

/// The most bytes that a slot file may have.
const LIMIT: usize = 64 * 1024;

/// The slots of a file, as they stand there.
pub type Entries = Vec<Map<String, Value>>;

/// Fields of a slot that say what it is; every other text field names a variable. Taking them all covers the types
/// whose fields are not documented.
const NO_VARIABLE: [&str; 3] = ["type", "id", "description"];

/// One variable that a slot fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The variable's name.
    pub variable: String,
    /// The slot's type, such as `api-key`.
    pub kind: String,
    /// What its owner wrote about it.
    pub description: String,
    /// The file that declares it.
    pub file: PathBuf,
}

impl Slot {
    /// Whether the description makes a Code Ocean token likely: it names Code Ocean, or the word "CO".
    pub fn speaks_of_code_ocean(&self) -> bool {
        let lower = self.description.to_ascii_lowercase();
        let squeezed: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
        squeezed.contains("codeocean") || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "co")
    }
}

/// All slots of the capsule.
#[derive(Debug, Default)]
pub struct Slots {
    slots: Vec<Slot>,
    remarks: Vec<Remark>,
}

impl Slots {
    /// Reads both slot files of the capsule that this process runs in, if any.
    pub fn read(env: &Env) -> Slots {
        let mut slots = Slots::default();
        if let [json, yaml] = &paths(env)[..] {
            slots.add(env, json.clone(), from_json);
            slots.add(env, yaml.clone(), from_yaml);
        }
        slots
    }

    /// The slot that fills a variable. Of two, the one that speaks of Code Ocean.
    pub fn get(&self, variable: &str) -> Option<&Slot> {
        let mut named = self.slots.iter().filter(|slot| slot.variable == variable);
        named.clone().find(|slot| slot.speaks_of_code_ocean()).or_else(|| named.next())
    }

    /// Every variable of every slot, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// What could not be read.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn add(&mut self, env: &Env, path: PathBuf, parse: fn(&[u8]) -> Result<Entries, String>) {
        let named = env.path("CO_CAPSULE_PATH").is_some();
        let parsed = match files::read(&path, LIMIT) {
            Ok(contents) => parse(&contents.bytes),
            Err(ReadError::NotFound) => return,
            // Outside a capsule, /root belongs to another user.
            Err(ReadError::Hidden) if !named => return,
            Err(trouble) => Err(trouble.to_string()),
        };
        match parsed {
            Ok(entries) => entries.iter().for_each(|entry| self.declare(entry, &path)),
            Err(reason) => {
                let what = format!("the slot file {} {reason}; it is ignored", path.display());
                self.remarks.push(Remark::new("slot-file", what));
            }
        }
    }

    fn declare(&mut self, entry: &Map<String, Value>, file: &Path) {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        for (field, value) in entry {
            let Some(variable) = value.as_str().map(str::trim).filter(|name| is_name(name)) else { continue };
            if !NO_VARIABLE.contains(&field.as_str()) {
                let slot = Slot {
                    variable: variable.to_owned(),
                    kind: text("type"),
                    description: text("description"),
                    file: file.to_path_buf(),
                };
                self.slots.push(slot);
            }
        }
    }
}

/// Both slot files, the newer one first, whether they are there or not; none where there is no capsule.
pub(super) fn paths(env: &Env) -> Vec<PathBuf> {
    let in_capsule = |file| Some(capsule(env)?.join(file));
    [".codeocean/secrets.json", "environment/environment.yml"].into_iter().filter_map(in_capsule).collect()
}

/// The capsule's folder: `$CO_CAPSULE_PATH`, else `/root/capsule`. Never the working directory, which may hold foreign files; nor,
/// on Windows, a folder on the current drive, which any user may create.
pub(super) fn capsule(env: &Env) -> Option<PathBuf> {
    let default = (!cfg!(windows)).then(|| Path::new("/root/capsule"));
    env.path("CO_CAPSULE_PATH").or(default).map(Path::to_path_buf)
}

#[derive(Deserialize)]
struct SecretsJson {
    version: Value,
    #[serde(default)]
    secrets: Entries,
}

#[derive(Deserialize)]
struct EnvironmentYml {
    credentials: Option<Entries>,
}

/// The entries of `.codeocean/secrets.json`.
///
/// # Errors
/// The reason, in words that follow the file's name.
pub fn from_json(bytes: &[u8]) -> Result<Entries, String> {
    let file: SecretsJson = serde_json::from_slice(bytes)
        .map_err(|error| format!("is not what is expected (line {}, column {})", error.line(), error.column()))?;
    match file.version.as_u64() {
        Some(1) => Ok(file.secrets),
        _ => Err("has a version that is not known here (only 1 is)".to_owned()),
    }
}

/// The entries of `environment/environment.yml`.
///
/// # Errors
/// The reason, in words that follow the file's name.
pub fn from_yaml(bytes: &[u8]) -> Result<Entries, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let file: Option<EnvironmentYml> =
        serde_json::from_value(yaml::read(text)?).map_err(|_| "is not what is expected".to_owned())?;
    Ok(file.and_then(|file| file.credentials).unwrap_or_default())
}
