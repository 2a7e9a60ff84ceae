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

complete -c co-cred -n "__fish_co_cred_needs_command" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_needs_command" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_needs_command" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_needs_command" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_needs_command" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_needs_command" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_needs_command" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_needs_command" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_needs_command" -s V -l version -d 'Print version'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "exec" -d 'Run a command with the token in its environment'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "token" -d 'Print the token alone, on a line of its own'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "env" -d 'Print assignments for a shell or another program to evaluate'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "check" -d 'The startup check: silent and 0 when all is well, else one line and an exit code'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "status" -d 'Show which token is used, where it comes from, and what the deployment says of it'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "doctor" -d 'Look at every source, and say what is wrong and what to do'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "agent" -d 'Keep a token fresh, and serve it to whoever asks'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "scan" -d 'Look for the token in files'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "login" -d 'Keep a token in the system\'s keyring, once it is proven'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "logout" -d 'Forget a login; the token itself stays good until it is revoked at Account → Access Tokens'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "list" -d 'Show the logins that are kept, and where'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "setup" -d 'Wire co-cred into Git or Docker, for the deployments that are known'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "git-credential" -d 'Speak a credential helper\'s protocol, on standard input and output'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "docker-credential" -d 'Speak a credential helper\'s protocol, on standard input and output'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "man" -d 'Print a manual page'
complete -c co-cred -n "__fish_co_cred_needs_command" -f -a "version" -d 'Print the version'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l as -d 'Set this variable to the token as well; may be repeated' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l domain-as -d 'Set this variable to the deployment as well, as https://host or, with =host, as the bare host; may be repeated' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l gate -d 'Search DIR for the token once CMD has ended, and fail with 9 if it is there; may be repeated' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l allow -d 'Forward only requests that match one of these, such as \'GET /api/v1/capsules/**\'; may be repeated' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l rate -d 'Limit the requests to a rate, such as 5/s, 100/m or 1000/h; others wait for their turn' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l audit -d 'Record every request in this file, in lines of JSON: before it is forwarded, and once it is answered' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l all-names -d 'Set every variable that Code Ocean clients are known to read, but leave alone what holds something else'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l clean -d 'Remove every other variable that holds a trace of the token'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l git -d 'Let Git, in CMD and its children, ask co-cred for this deployment\'s credential; no file is touched'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l mask -d 'Mask every trace of the token in what CMD prints, as it streams; CMD then stays a child of co-cred\'s'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l explain -d 'Say what would be set, and from where, and run nothing'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l broker -d 'Let programs call the API without having the token: they get a local address, and a token for this run'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l read-only -d 'Forward only requests that read: GET, HEAD, searches and listings'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s f -l format -d 'Who will read it' -r -f -a "sh\t'POSIX shells, bash, zsh'
fish\t'fish'
powershell\t'PowerShell'
json\t'one JSON object'
dotenv\t'a .env file'
docker\t'docker run --env-file'
gha\t'GitHub Actions, with ::add-mask::'
netrc\t'.netrc, for curl and Python\'s requests'
curl\t'curl -K'
r\t'R'
renviron\t'R\'s .Renviron'
headers\t'HTTP headers as JSON, with Authorization: Bearer'
nextflow\t'nextflow -c, which writes it into the script of each task'"
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l as -d 'Set this variable to the token as well; may be repeated' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l only -d 'Print this variable and no others, for programs that refuse names they do not know; may be repeated' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l need -d 'Fail unless the token has this scope; may be repeated' -r -f -a "capsule:read\t''
data-asset:read\t''"
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l wait -d 'Retry for so long whatever may pass: no network yet, a busy or restarting server' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l json -d 'Print the result as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l json -d 'Print it as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l json -d 'Print it as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l socket -d 'The socket [default: CO_CRED_AGENT_SOCK, else one below $XDG_RUNTIME_DIR or the cache folder]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l keep-file -d 'Keep the token in this file as well, for your eyes only, for programs that read one again and again; without a token, the file is removed' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l on-change -d 'Run this in a shell whenever the token has changed; the token is not in its environment' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l allow -d 'Forward only requests that match one of these, such as \'GET /api/v1/capsules/**\'; may be repeated' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l rate -d 'Limit the requests to a rate, such as 5/s, 100/m or 1000/h; others wait for their turn' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l audit -d 'Record every request in this file, in lines of JSON: before it is forwarded, and once it is answered' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l foreground -d 'Stay in the foreground'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l json -d 'Print the status as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l broker -d 'Let programs call the API without having the token: they get a local address, and a token for this run'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l read-only -d 'Forward only requests that read: GET, HEAD, searches and listings'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand agent" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l redact -d 'Overwrite the token where it is found, with the same length; packed files stay as they are'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l staged -d 'Search what is staged in Git\'s index, and the content that Git LFS pushes with it, as with --strict'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l strict -d 'Treat what looks like a token as one, and what is compressed in other ways as not searched'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l json -d 'Print the report as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l email -d 'The account\'s e-mail [default: the deployment is asked]' -r -f -a '(co-cred list --emails 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l expires -d 'The last day on which the token is good, as YYYY-MM-DD' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l insecure-storage -d 'Keep it in a file that only you can read, for want of a keyring'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l email -d 'Whose login, where a deployment has several' -r -f -a '(co-cred list --emails 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l force -d 'Forget it even where its keyring cannot be asked; the token stays there'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l all -d 'Every login'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l json -d 'Print them as JSON'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l deployments -d 'Print the deployments that are known here in place of logins, one on each line; no keyring is asked'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l emails -d 'Print the e-mails of the logins alone, one on each line; no keyring is asked'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l undo -d 'Take it out again'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand git-credential" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l deployment -d 'The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule\'s Git remote]' -r -f -a '(co-cred list --deployments 2>/dev/null)'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l token-file -d 'Take the token from this file [also: CO_CRED_TOKEN_FILE]' -r -F
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l token-env -d 'Take the token from this variable [also: CO_CRED_TOKEN_ENV]' -r -f -a '(set --names --export)'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l verify -d 'How sure to be of the token [default: always for check, status and doctor, auto for the rest]' -r -f -a "always\t'Prove the token, or fail'
auto\t'Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes'
never\t'Send nothing'"
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l timeout -d 'How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]' -r
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -l offline -d 'Send nothing; the same as --verify never'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s q -l quiet -d 'No warnings'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s v -l verbose -d 'Show each step on standard error, never the token [also: CO_CRED_LOG=info]'
complete -c co-cred -n "__fish_co_cred_using_subcommand docker-credential" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c co-cred -n "__fish_co_cred_using_subcommand completions" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_co_cred_using_subcommand man" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_co_cred_using_subcommand version" -l json -d 'Print it as JSON, with what the program was built for and with'
complete -c co-cred -n "__fish_co_cred_using_subcommand version" -s h -l help -d 'Print help'
complete -c co-cred -n "__fish_seen_subcommand_from exec; and contains -- -- (commandline -opc)" \
    -x -a '(set -l words (commandline -opc) (commandline -ct); \
        __fish_complete_subcommand --commandline $words[(math (contains -i -- -- $words) + 1)..])'
