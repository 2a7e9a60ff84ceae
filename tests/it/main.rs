//! co-cred's tests, one binary. Each test has a sandbox of its own (`support::sandbox`), so all run side by side.
//!
//! | module | what is promised there |
//! |---|---|
//! | `sources::capsules` | the right token in each of 57 real capsules, and in mounts of every make |
//! | `sources::order` | the order of the sources, ambiguity, broken sources, the deployment beside the token |
//! | `sources::broken` | sources that are here but cannot be used stop the search |
//! | `sources::credentials_file` | the credentials file binds its token to one deployment |
//! | `sources::deployment_order` | what names the deployment, in order |
//! | `sources::environment` | which variables a command finds, under which names, and which are removed |
//! | `sources::deployment` | which deployment a token is for, and that no other is sent it |
//! | `sources::git_clone` | the Git clone around the working directory chooses between known deployments |
//! | `sources::config` | the configuration, and a password manager's command |
//! | `sources::pasted` | values as people paste and save them |
//! | `sources::bad_input` | files that are too large, unreadable, special, cut off |
//! | `sources::nested` | what is nested or packed without end ends no process |
//! | `sources::here_documents` | here-documents in the shell file are data |
//! | `sources::parsers` | property tests: no bytes make a parser panic, and shells agree with ours |
//! | `verify::names` | name resolution: hosts file, name servers, search list |
//! | `verify::connections` | several addresses, timeouts, dead connections |
//! | `verify::proxies` | `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` |
//! | `verify::certificates` | which certificates TLS trusts |
//! | `verify::tls_failures` | the messages of TLS failures |
//! | `verify::responses` | what each response of a deployment means, and what is sent |
//! | `verify::cache` | the cache of verdicts |
//! | `deliver::exec` | the command that takes our place |
//! | `deliver::env_only` | `env --only`, and the files of GitHub Actions that standard output must not be |
//! | `deliver::formats` | each format of `env`, read by the program that it is for |
//! | `deliver::clients` | curl, the SDK and the MCP server from the package index, under `exec` |
//! | `deliver::images` | skopeo and a real registry, the protocol of Docker's helpers |
//! | `deliver::git_accounts` | the account and the token for each deployment that Git asks about |
//! | `deliver::git_exec` | the real Git under `exec --git`, without setup |
//! | `deliver::git_helper` | the semantics of Git's own test suite for credential helpers |
//! | `deliver::git_hosts` | for which hosts, protocols and users Git gets an answer; published attacks by name |
//! | `deliver::git_old` | Git before 2.31, which reads its configuration from other variables |
//! | `deliver::git_pipelines` | the `main.nf` of generated pipelines clones, with the token in no argument |
//! | `deliver::git_prompts` | Git's questions about other hosts still reach the user's own askpass, and the terminal |
//! | `deliver::setup` | files of Git's and Docker's: changed where they must be, and put back |
//! | `deliver::setup_docker` | of Docker's configuration the helpers change, and no other byte |
//! | `deliver::setup_git` | many deployments, other helpers, two at once, folders with odd names |
//! | `keyring::login` | login and logout: users, deployments, failures |
//! | `keyring::git` | logins that Git stores, erases and reads |
//! | `keyring::secret_service` | every state of a real Secret Service |
//! | `keyring::other_stores` | the kernel's keyring, and the private file |
//! | `keyring::terminal` | login on a terminal: echo, prompts, Ctrl-C |
//! | `keyring::index` | the list of logins as a file: versions, unknown entries, limits |
//! | `deliver::git_requests` | requests and prompts of Git: ambiguous ones are refused |
//! | `keyring::durability` | logins survive kills, full disks, unreadable state and fifty commands at once |
//! | `supervise::mask` | masking: no encoding of a token passes, wherever a stream is cut |
//! | `supervise::pipes` | a command on pipes: output masked and otherwise unchanged, input not touched |
//! | `supervise::signals` | a supervised command ends as it would alone, by code or signal |
//! | `supervise::terminal` | a command has the keys, the echo, the size and the line ends of the terminal |
//! | `supervise::job_control` | keys that stop or end a command, alone, in a pipeline and in a shell with jobs |
//! | `supervise::streams` | output is complete however slowly it is read; what cannot be written is reported |
//! | `supervise::handoff` | output of a program that the command left running is masked to its end |
//! | `supervise::renewed` | a token that is renewed during a run is masked and found |
//! | `broker::agent` | `agent --broker`: one broker for all programs of a shell |
//! | `broker::audit` | `--audit`: every request is recorded, and none of its secrets; full disks |
//! | `broker::authentication` | the pass is required; the deployment gets the token and no other credential |
//! | `broker::connections` | thousands of connections, without the pass and with it |
//! | `broker::exec` | `exec --broker`: the run of the command |
//! | `broker::faults` | deployments that fail |
//! | `broker::framing` | messages are framed anew: request smuggling, bodies, lengths and chunks |
//! | `broker::isolation` | a program behind the broker can neither read the token nor have it sent elsewhere |
//! | `broker::load` | a gigabyte each way, a thousand tokens under load |
//! | `broker::paths` | a path is checked and forwarded in one form |
//! | `broker::redirects` | redirects lead to the broker, pages to the deployment |
//! | `broker::renewal` | a token that is renewed while the broker runs |
//! | `broker::rules` | `--read-only`, `--allow` and `--rate` |
//! | `broker::sdk` | the SDK and the MCP server behind rules |
//! | `agent::responder` | what an agent answers to which request, on every system |
//! | `agent::serving` | a verified token for this user only, also after malformed requests |
//! | `agent::files` | changes of files that an agent must notice |
//! | `agent::hooks` | what follows a change: the file, the command |
//! | `agent::logins` | logins and logouts that reach an agent, and agents whose token is skipped |
//! | `agent::shell` | an agent and its shell: what is restricted, set, restored, shown |
//! | `agent::start` | how an agent starts: socket, folder, open files, systemd |
//! | `agent::daemon` | how options reach an agent in the background |
//! | `agent::stop` | how an agent ends, is replaced, and is reported when it does not answer |
//! | `scan::tokens` | tokens in files, in every encoding, and text that looks like one |
//! | `scan::archives` | packed files: a token is found, or the file is reported |
//! | `scan::compressed` | what gzip, bzip2, xz, zstd and lz4 write |
//! | `scan::embedded` | compressed data in the middle of other data |
//! | `scan::producers` | files of real programs of science: a token in each is found, or the file is reported |
//! | `scan::limits` | huge, hostile and changing files: limited memory and time |
//! | `scan::inputs` | folders, links, standard input, progress |
//! | `scan::names` | names, extended attributes and link targets are searched, and shown masked |
//! | `scan::unreadable` | files and folders that cannot be read fail the search |
//! | `scan::redaction` | what `--redact` overwrites, keeps and reports |
//! | `scan::redaction_gzip` | the same in files that gzip compressed, which are compressed anew |
//! | `scan::redaction_interrupted` | no second copy of the token, and no more readers |
//! | `scan::places` | line and column of a finding, cell and output in a notebook |
//! | `scan::report` | what is said of a finding: whether it is the token or a part of it |
//! | `scan::staged` | the index, and the content of Git LFS |
//! | `scan::gate` | folders that are searched once a command has ended |
//! | `cli::report` | check, status, doctor, usage: words, JSON, exit codes |
//! | `cli::usage` | what is typed wrongly, and the words that lead on |
//! | `cli::windows` | on Windows alone: the stories of a desk, with its keyring, console and files |
//! | `cli::many_starts` | five hundred starts at once |
//! | `cli::other_users` | root in another user's home, files of other users |
//! | `cli::packaging` | manual pages, completions, capsule, installer, release |
//! | `security::leak` | a sentinel token that must turn up nowhere |
//! | `security::architecture` | layers and circles of imports, who may call `expose()`, one reader of the environment, pages that match the code |
//! | `token` | what is a token: parsed, found in text, masked |
//! | `deployment` | which deployments are accepted, and how they are normalised |
//! | `patterns::recognised` | the ways in which a token is written down: each is found and masked |
//! | `patterns::signed_urls` | signed URLs of cloud storage: suspected in files, masked with `--mask-urls` |
//! | `patterns::written` | the table of these ways |
//! | `process` | programs that are run for their output |
//! | `docs` | every command that the README shows |
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
#![allow(clippy::type_complexity, reason = "the type of a table says less than its rows")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]
#![allow(clippy::print_stdout, missing_docs, unreachable_pub, reason = "this is no library")]

mod agent;
#[cfg(unix)]
mod broker;
mod cli;
mod deliver;
mod deployment;
#[cfg(unix)]
mod docs;
#[cfg(unix)]
mod keyring;
mod patterns;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod scan;
#[cfg(unix)]
mod security;
mod sources;
mod supervise;
mod support;
mod token;
#[cfg(unix)]
mod verify;
