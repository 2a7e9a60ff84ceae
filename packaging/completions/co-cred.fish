# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_co_cred_global_optspecs
    string join \n deployment= token-file= token-env= verify= offline timeout= q/quiet v/verbose h/help V/version
end

function __fish_co_cred_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_co_cred_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_co_cred_using_subcommand
    set -l cmd (__fish_co_cred_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c co-cred -n "__fish_co_cred_needs_command" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_needs_command" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_needs_command" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_needs_command" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_needs_command" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_needs_command" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_needs_command" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_needs_command" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_needs_command" -s V -l version -d 'Print version'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "exec" -d 'Run a command with the token in its environment'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "token" -d 'Print the token alone, on a line of its own'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "env" -d 'Print assignments for a shell or another program to evaluate'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "check" -d 'Check the token at startup: silent and 0 when all is well, else one line and an exit code'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "status" -d 'Show which token is used, where it comes from, and what the deployment says about it'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "doctor" -d 'Show every source, what is wrong, and what to do'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "agent" -d 'Keep a token fresh, and serve it to other co-cred commands'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "scan" -d 'Look for the token in files'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "login" -d 'Store a token in the system\'s keyring, once it is verified'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "logout" -d 'Remove a login; the token itself stays valid until it is revoked at Account → Access Tokens'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "list" -d 'Show the stored logins, and where each is stored'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "setup" -d 'Make Git or Docker ask co-cred, for the known deployments'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "git-credential" -d 'Answer Git as a credential helper (gitcredentials(7))'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "docker-credential" -d 'Answer Docker, Podman and Skopeo as a credential helper'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "man" -d 'Print a manual page'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "version" -d 'Print the version'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l as -d 'Set this variable to the token as well; may be repeated' -r -f -a 'CODEOCEAN_TOKEN CODEOCEAN_API_TOKEN CODE_OCEAN_API_TOKEN CODE_OCEAN_TOKEN API_SECRET API_KEY CUSTOM_KEY API_TOKEN CO_API_TOKEN CO_TOKEN CUSTOM_KEY_2 CO_API_SECRET CO_API code_ocean_api_key ACCESS_TOKEN (set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l domain-as -d 'Set this variable to the deployment as well, as https://host or, with =host, as the bare host; may be repeated' -r -f -a 'CODEOCEAN_DOMAIN CODE_OCEAN_DOMAIN CODEOCEAN_URL CODEOCEAN_HOST CO_DOMAIN CODE_OCEAN_URL CODEOCEAN_API_URL (set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l gate -d 'Search DIR for the token once CMD has ended: exit with 9 if it is there and CMD succeeded; may be repeated' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l allow -d 'Allow only requests that match one of these rules, such as \'GET /api/v1/capsules/**\'; may be repeated' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l rate -d 'At most this many requests, such as 5/s, 100/m or 1000/h; more of them wait' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l audit -d 'Record every request in this file, as lines of JSON: before it is forwarded, and once it is answered' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l all-names -d 'Set every variable that Code Ocean clients are known to read, except one that holds something else'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l clean -d 'Remove every other variable that holds the token, in any encoding'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l git -d 'Let Git, in CMD and its children, ask co-cred for this deployment\'s credential; no file is changed'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l mask -d 'Mask the token, in any encoding, in the output of CMD as it streams; CMD then runs as a child of co-cred'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l mask-urls -d 'Mask the signatures of signed storage URLs as well: S3, Google Cloud Storage, Azure'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l explain -d 'Show what would be set, and from where; run nothing'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l broker -d 'Let programs use the API without the token: they get a local address, and a token for this run'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l read-only -d 'Allow only requests that read: GET, HEAD, searches and listings'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s f -l format -d 'The program that reads it' -r -f -a "sh\t'POSIX shells, bash, zsh'
fish\t'fish'
powershell\t'PowerShell'
json\t'one JSON object'
dotenv\t'a .env file'
docker\t'docker run --env-file'
gha\t'GitHub Actions, with ::add-mask::'
netrc\t'.netrc, for curl and Python 3.11 or later'
curl\t'curl -K'
r\t'R'
renviron\t'R\'s .Renviron'
headers\t'HTTP headers as JSON, with Authorization: Bearer'
nextflow\t'nextflow -c; Nextflow writes it into the script of each task'"
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l as -d 'Set this variable to the token as well; may be repeated' -r -f -a 'CODEOCEAN_TOKEN CODEOCEAN_API_TOKEN CODE_OCEAN_API_TOKEN CODE_OCEAN_TOKEN API_SECRET API_KEY CUSTOM_KEY API_TOKEN CO_API_TOKEN CO_TOKEN CUSTOM_KEY_2 CO_API_SECRET CO_API code_ocean_api_key ACCESS_TOKEN (set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l only -d 'Print this variable and no others, for programs that refuse other names; may be repeated' -r -f -a 'CODEOCEAN_TOKEN CODEOCEAN_API_TOKEN CODE_OCEAN_API_TOKEN CODE_OCEAN_TOKEN API_SECRET API_KEY CUSTOM_KEY API_TOKEN CO_API_TOKEN CO_TOKEN CUSTOM_KEY_2 CO_API_SECRET CO_API code_ocean_api_key ACCESS_TOKEN CODEOCEAN_DOMAIN CODE_OCEAN_DOMAIN CODEOCEAN_URL CODEOCEAN_HOST CO_DOMAIN CODE_OCEAN_URL CODEOCEAN_API_URL (set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l need -d 'Fail unless the token has this scope; may be repeated' -r -f -a "capsule:read\t''
data-asset:read\t''"
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l wait -d 'Keep retrying for this long while the network or the server is not ready' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l json -d 'Print the result as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l json -d 'Print the result as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l json -d 'Print the result as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l socket -d 'The socket [default: CO_CRED_AGENT_SOCK, else one below $XDG_RUNTIME_DIR or the cache folder]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l keep-file -d 'Keep the token in this file as well, readable by you alone, for programs that reread a file; it is removed while there is no token' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l on-change -d 'Run this in a shell each time the token has changed; the token is not in its environment' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l allow -d 'Allow only requests that match one of these rules, such as \'GET /api/v1/capsules/**\'; may be repeated' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l rate -d 'At most this many requests, such as 5/s, 100/m or 1000/h; more of them wait' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l audit -d 'Record every request in this file, as lines of JSON: before it is forwarded, and once it is answered' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l foreground -d 'Stay in the foreground'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l json -d 'Print the status as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l broker -d 'Let programs use the API without the token: they get a local address, and a token for this run'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l read-only -d 'Allow only requests that read: GET, HEAD, searches and listings'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l redact -d 'Overwrite the token with the same length, also in text that gzip compressed; other packed files are not changed'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l staged -d 'Search the staged files in Git\'s index, and the content that Git LFS pushes with them, as with --strict'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l strict -d 'Treat text that looks like a token and signed storage URLs as tokens, and formats that are not unpacked as not searched'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l json -d 'Print the report as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l email -d 'The account\'s e-mail [default: co-cred asks the deployment]' -r -f -a '(co-cred list --emails 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l expires -d 'The last day on which the token is valid, as YYYY-MM-DD' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l insecure-storage -d 'Store it in a file that only you can read, where there is no keyring'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l email -d 'The account, where a deployment has several logins' -r -f -a '(co-cred list --emails 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l force -d 'Remove it even if its keyring cannot be opened; the token stays in the keyring'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l all -d 'Remove every login'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l json -d 'Print them as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l deployments -d 'Print the known deployments, one on each line, instead of logins; no keyring is opened'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l emails -d 'Print the e-mails of the logins, one on each line; no keyring is opened'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l undo -d 'Undo it'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l verify -d 'When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]' -r -f -a "always\t'Ask; fail unless the token is accepted'
auto\t'Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l timeout -d 'Time limit for the deployment\'s answer, and for token_command, such as 30s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s q -l quiet -d 'Print no warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand completions" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_co_cred_using_subcommand man" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_co_cred_using_subcommand version" -l json -d 'Print it as JSON, with the target and the features of the build'
complete -c co-cred -n "__fish_co_cred_using_subcommand version" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_seen_subcommand_from exec; and contains -- -- (commandline -opc)" \
    -x -a '(set -l words (commandline -opc) (commandline -ct); \
        __fish_complete_subcommand --commandline $words[(math (contains -i -- -- $words) + 1)..])'
