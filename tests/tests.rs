//! co-cred's tests, one binary. Each test has a world of its own (`world`), so all run side by side.
//!
//! | file | what is promised there |
//! |---|---|
//! | `floors` | the house: imports point down, `expose()` is called where a list says, nobody else reads the environment |
//! | `units` | token, deployment and traces: tables |
//! | `parsers` | property tests: no bytes make a parser panic, and shells agree with ours |
//! | `capsules` | the right token in each of 57 real capsules, and in mounts of every make |
//! | `locate` | the order of the sources, ambiguity, broken sources, the deployment beside the token |
//! | `deployments` | which deployment a token is for, and that no other is sent it |
//! | `pasted` | values as people paste and save them |
//! | `bad_input` | files that are too large, unreadable, special, cut off |
//! | `nested` | what is nested or packed without end ends no process |
//! | `redact_interrupted` | redaction leaves no second copy of the token, and no more readers |
//! | `verdicts` | what each answer of a deployment means, and the remembered verdict |
//! | `network` | names, addresses, proxies, time, and the authorities that TLS trusts |
//! | `environment` | which variables a command finds, under which names, and which are removed |
//! | `exec` | the command that takes our place |
//! | `env_only` | `env --only`, and the files of GitHub Actions that standard output must not be |
//! | `formats` | each format of `env`, read by the program that it is for |
//! | `staged` | what is about to be committed, the content of Git LFS included |
//! | `tell` | check, status, doctor, usage: words, JSON, exit codes |
//! | `usage` | what is typed wrongly, and the words that lead on |
//! | `leak` | a sentinel token that must turn up nowhere |
//! | `renewed` | a token that is renewed during a run is masked and found |
//! | `mask` | masking: nothing of a token gets through, wherever a stream is cut |
//! | `supervise` | a supervised child ends as it would alone, on pipes and on a terminal |
//! | `terminal` | a masked command has the keys, the echo and the line ends of the terminal, whatever standard input is |
//! | `streams` | what a command prints arrives whole, whatever reads it; what cannot be written is told |
//! | `agent` | a token that stays fresh, whichever way its file changes, for its user alone |
//! | `agent_hooks` | what an agent does with a change: its file, its command |
//! | `agent_logins` | logins and logouts that an agent sees, and an agent that has no token |
//! | `agent_shell` | an agent and its shell: what is restricted, set and set back, shown |
//! | `agent_start` | how an agent starts, what it holds on to, and how it ends |
//! | `broker` | who gets through to the deployment, and as far as the policy says; what else sees the token: nobody |
//! | `broker_rules` | what may be asked, by each rule, and with every method of the SDK |
//! | `broker_paths` | the one form in which a path is judged and sent on, and where redirects lead |
//! | `broker_audit` | a line for every request, none of its secrets, full disks |
//! | `broker_crowd` | thousands of connections, of strangers and of the program itself |
//! | `broker_renewal` | a token that is renewed meanwhile |
//! | `broker_faults` | deployments that fail, smuggling, gigabytes, a thousand tokens under load |
//! | `gate` | files are searched, whatever they are packed in; nothing is skipped in silence |
//! | `gate_names` | only what looks like a token is hidden in the names that are shown |
//! | `gate_unreadable` | folders that cannot be entered fail the search |
//! | `keyring` | logins: every state of a real Secret Service, the kernel's keyring, a private file |
//! | `config` | the configuration, and a password manager's command |
//! | `git` | the real Git: what is answered, and who is never offered the token; published attacks by name |
//! | `git_old` | Git before 2.31, which reads its configuration from other variables |
//! | `git_pipelines` | the `main.nf` of generated pipelines clones, with the token in no argument |
//! | `git_prompts` | Git's questions about other hosts still reach the user's own askpass, and the terminal |
//! | `images` | skopeo and a real registry, the protocol of Docker's helpers |
//! | `setup` | files of Git's and Docker's: changed where they must be, and put back |
//! | `setup_docker` | of Docker's configuration the helpers change, and no other byte |
//! | `setup_git` | many deployments, other helpers, two at once, folders with odd names |
//! | `packaging` | manual pages and completions are those of the binary |
//! | `clients` | curl, the SDK and the MCP server from the package index, under `exec` |
//! | `here_documents` | here-documents in the shell file are data |
//! | `herd` | five hundred starts at once |
//! | `readme` | every command that the README shows |
//! | `windows` | on Windows alone: the stories of a desk, with its keyring, console and files |
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
#![allow(clippy::type_complexity, reason = "the type of a table says less than its rows")]
#![allow(clippy::print_stdout, missing_docs, unreachable_pub, reason = "this is no library")]

mod it;
