//! Under `--mask` a command has the terminal that it has alone: its keys, its echo, its line ends, whatever standard input is.

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has};

/// What every script begins with. `masked` runs a command under `exec --mask`; `Pty` is a terminal with a program in front
/// of it, and `both` compares what two programs show for the same keys.
const HARNESS: &str = r#"
import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time

BIN = sys.argv[1]
MASKED = BIN + " exec --offline --mask -- "
LIMIT = 30

class Pty:
    def __init__(self, *command, rows=24, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(command[0], command)
        self.seen = b""

    def until(self, word, count=1):
        end = time.time() + LIMIT
        while self.seen.count(word) < count:
            assert time.time() < end, (word, self.seen[-2000:])
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 65536)
                except OSError:
                    break
        assert self.seen.count(word) >= count, (word, self.seen[-2000:])
        return self

    def type(self, keys):
        os.write(self.fd, keys)
        return self

    def is_cooked(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def wait_for(self, condition):
        end = time.time() + LIMIT
        while not condition():
            assert time.time() < end, self.seen[-2000:]
            time.sleep(0.02)
        return self

    # Reads to the end, and returns how the program ended. The keys are typed as long as nothing happens.
    def end(self, keys=b""):
        limit = time.time() + LIMIT
        while time.time() < limit:
            if keys and not select.select([self.fd], [], [], 1)[0]:
                self.type(keys)
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.fd, 65536)
                except OSError:
                    break
                if not piece:
                    break
                self.seen += piece
        else:
            raise AssertionError(("it does not end", self.seen[-2000:]))
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

def shell(script):
    return Pty("bash", "-c", script)

def jobs():
    terminal = Pty("bash", "--norc", "--noprofile", "--noediting", "-i")
    terminal.type(b"PS1='at''your''service $ '; set +o history\n").until(b"atyourservice")
    return terminal
"#;

fn drive(script: &str) {
    if !has("python3") {
        return;
    }
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .with("TERM", "xterm")
        .file("work/script.py", format!("{HARNESS}\n{script}\nprint(\"fine\")\n"));
    let ran: Ran = world.spawn_program("python3", &["script.py", bin()]);
    assert_eq!(ran.out, "fine\n", "{}", ran.err.replace("\\n", "\n"));
}

#[test]
fn a_pager_is_left_by_its_key() {
    if !["less", "more"].iter().all(|program| has(program)) {
        return;
    }
    drive(
        r#"
for pager in ["less", "more"]:
    terminal = shell("seq 99999 | " + MASKED + pager)
    terminal.until(b"\r\n20\r\n").wait_for(lambda: not terminal.is_cooked()).type(b" ").until(b"\r\n40\r\n").type(b"q")
    assert terminal.end() == 0, pager
    assert b"\r\n99\r\n" not in terminal.seen and b"1\r\n2\r\n3" in terminal.seen, (pager, terminal.seen)
"#,
    );
}

#[test]
fn ctrl_c_ends_a_pager_and_what_feeds_it() {
    if !has("less") {
        return;
    }
    drive(
        r#"
terminal = shell("seq 99999 | " + MASKED + "less -K; echo after")
terminal.until(b"\r\n20").wait_for(lambda: not terminal.is_cooked())
# less takes no note of one that comes between its look for signals and its look for keys.
terminal.end(b"\x03")
# A key while the command has not asked for any ends all of it.
terminal = shell("sleep 100 | " + MASKED + "sh -c 'echo ready; exec sleep 100'")
terminal.until(b"ready").type(b"\x03")
assert terminal.end() == -signal.SIGINT
"#,
    );
}

#[test]
fn a_menu_is_chosen_from() {
    if !has("fzf") {
        return;
    }
    drive(
        r#"
for way in ["%s", "x=$(%s); echo $x"]:
    terminal = shell("printf 'alpha\\nbeta\\ngamma\\n' | (" + way % (MASKED + "fzf") + "); echo code $?")
    terminal.until(b"gamma").wait_for(lambda: not terminal.is_cooked()).type(b"bet").until(b"1/3").type(b"\r").until(b"code 0")
    terminal.end()
    assert b"beta" in terminal.seen.split(b"1/3")[-1], terminal.seen
"#,
    );
}

#[test]
fn an_editor_reads_its_text_from_a_pipe_and_keys_from_the_terminal() {
    if !has("vi") {
        return;
    }
    drive(
        r#"
terminal = shell("echo some text | " + MASKED + "vi -")
terminal.until(b"some text").wait_for(lambda: not terminal.is_cooked()).type(b":q!\r")
assert terminal.end() == 0
"#,
    );
}

#[test]
fn a_password_is_not_shown() {
    drive(
        r#"
ask = "\"import getpass; print('got', len(getpass.getpass('Password: ')), flush=True)\""
for before, after in [("echo x | ", ""), ("", " < /dev/null"), ("", "")]:
    terminal = shell(before + MASKED + "python3 -c " + ask + after + "; stty -a | grep -o '.icanon'; stty -a | grep -ow '.\?echo'")
    terminal.until(b"Password: ").wait_for(lambda: not terminal.echoes()).type(b"hunter2\n").until(b"got 7")
    assert terminal.end() == 0
    assert b"hunter2" not in terminal.seen, terminal.seen
    assert terminal.seen.endswith(b"got 7\r\n icanon\r\necho\r\n"), terminal.seen
"#,
    );
}

/// What else stands in a pipeline may ask for a password or an answer first, as `sudo` does.
#[test]
fn the_rest_of_a_pipeline_has_the_keys_until_the_command_asks() {
    drive(
        r#"
command = "sh -c 'cat; read y < /dev/tty; echo and $y'"
terminal = shell("(printf 'first? ' > /dev/tty; read x < /dev/tty; echo got $x) | " + MASKED + command)
terminal.until(b"first? ").type(b"one\n").until(b"got one").wait_for(lambda: not terminal.echoes())
terminal.type(b"two\n").until(b"and two")
assert terminal.end() == 0
assert terminal.seen == b"first? one\r\ngot one\r\ntwo\r\nand two\r\n", terminal.seen
# A job beside a script leaves it the keys.
terminal = shell(MASKED + "sh -c 'echo job; sleep 1; echo over' & sleep 0.5; read -p 'name? ' x; wait; echo hello $x")
terminal.until(b"name? ").type(b"ada\n").until(b"hello ada")
assert terminal.end() == 0
assert terminal.seen.count(b"ada") == 2, terminal.seen
"#,
    );
}

/// Ctrl-C ends a script, as it does alone; a command that catches it goes on.
#[test]
fn ctrl_c_reaches_the_script_around_the_command() {
    drive(
        r#"
for before in ["", "echo | ", "sleep 1000 | "]:
    read = "sh -c 'echo ready; read x < /dev/tty'"
    terminal = shell("for i in 1 2 3; do " + before + MASKED + read + "; done; echo after")
    terminal.until(b"ready").wait_for(lambda: not terminal.echoes()).type(b"\x03")
    assert terminal.end() == -signal.SIGINT, (before, terminal.seen)
    assert terminal.seen.count(b"ready") == 1 and b"after" not in terminal.seen, (before, terminal.seen)
# What ends by a signal that no key sent, ends alone.
terminal = shell("for i in 1 2 3; do " + MASKED + "sh -c 'kill -INT $$'; done; echo after")
assert terminal.end() == 0 and b"after" in terminal.seen
# Jobs inside are no part of it.
terminal = shell("trap 'echo wrong' INT; " + MASKED + "bash --norc --noprofile -ic 'echo ready; sleep 100; echo $?; exit 0'; echo after")
terminal.until(b"ready").wait_for(lambda: not terminal.echoes())
time.sleep(0.5)
terminal.type(b"\x03")
terminal.end()
assert b"wrong" not in terminal.seen, terminal.seen
"#,
    );
}

/// Ctrl-Z stops all of a pipeline, and `fg` lets it go on.
#[test]
fn ctrl_z_stops_the_whole_pipeline() {
    drive(
        r#"
asks = """
import os, sys, termios
terminal = os.open("/dev/tty", os.O_RDWR)
termios.tcsetattr(terminal, termios.TCSANOW, termios.tcgetattr(terminal))
print("go", flush=True)
print(os.read(terminal, 100), flush=True)
sys.stdin.read()
"""
open("asks.py", "w").write(asks)
waits = "python3 -c 'import sys; print(\"g\" + \"o\", flush=True); sys.stdin.read()'"
# No shell that forks: stopped between vfork and exec, its child would never let it go on, with us or without.
for command in [waits, "python3 asks.py"]:
    terminal = jobs()
    terminal.type(b"sleep 2 | " + (MASKED + command).encode() + b"\n").until(b"go\r\n")
    terminal.type(b"\x1a").until(b"Stopped")
    terminal.wait_for(terminal.echoes).type(b"fg; echo co''de $?\n").until(b"sleep 2", 3)
    if "asks" in command:
        terminal.wait_for(lambda: not terminal.echoes()).type(b"yes\n").until(b"b'yes")
    terminal.until(b"code 0\r\natyourservice").type(b"exit\n")
    terminal.end()
"#,
    );
}

/// In the background a command that reaches for the keys is stopped, until it is put in front; so is one below another
/// co-cred.
#[test]
fn keys_that_are_not_ours_are_waited_for() {
    drive(
        r#"
read = "sh -c 'echo ready; read x < /dev/tty; echo got $x'"
terminal = jobs()
terminal.type(b": | " + (MASKED + read).encode() + b" &\n").until(b"ready\r\n").type(b"wait; echo st''ill\n").until(b"Stopped").until(b"still")
terminal.wait_for(terminal.echoes).type(b"fg\n").wait_for(lambda: not terminal.echoes()).type(b"me\n").until(b"got me\r\natyourservice")
terminal.type(b"exit\n").end()
for before in ["", ": | "]:
    terminal = shell(before + MASKED + MASKED + read)
    terminal.until(b"ready").wait_for(lambda: not terminal.echoes()).type(b"me\n").until(b"got me")
    assert terminal.end() == 0
"#,
    );
}

/// A terminal on standard input that is not the controlling one: of another session, or made by the program that started us.
#[test]
fn a_terminal_that_is_not_the_controlling_one_is_read() {
    if !has("setsid") {
        return;
    }
    drive(
        r#"
command = MASKED + "sh -c 'printf \"? \"; read x; echo got $x; read y; echo and $y'"
terminal = shell("setsid -w " + command)
terminal.until(b"? ").type(b"one\n").until(b"got one").type(b"two\n").until(b"and two")
assert terminal.end() == 0
assert terminal.seen == b"? one\r\ngot one\r\ntwo\r\nand two\r\n", terminal.seen
# Made by a program that has no terminal itself, or another.
for session in [False, True]:
    ours, theirs = pty.openpty()
    child = subprocess.Popen(["sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=session)
    os.close(theirs)
    seen = b""
    for word, key in [(b"? ", b"one\n"), (b"got one", b"two\n"), (b"and two", None)]:
        end = time.time() + LIMIT
        while word not in seen:
            assert time.time() < end and select.select([ours], [], [], LIMIT)[0], seen
            seen += os.read(ours, 4096)
        if key:
            os.write(ours, key)
    assert child.wait(LIMIT) == 0
# Its end is the end of what is typed.
ours, theirs = pty.openpty()
child = subprocess.Popen(["sh", "-c", MASKED + "sh -c 'echo ready; read x; echo $? > end'"], stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
os.read(ours, 100)
os.close(ours)
child.wait(LIMIT)
assert os.path.exists("end")
"#,
    );
}

/// Not a byte is another than alone: the terminal's own line ends are made once.
#[test]
fn line_ends_are_made_once() {
    drive(
        r#"
for command in ["seq 20000", "printf 'a\\r\\nb\\nc\\rd\\n\\n\\r'", "sh -c 'echo one; sleep 0.2; printf two; sleep 0.2; echo'"]:
    for before, after in [("", ""), (": | ", ""), ("", " < /dev/null"), ("", " &\nwait")]:
        runs = []
        for way in ["", MASKED]:
            terminal = shell(before + way + command + after)
            assert terminal.end() == 0
            runs.append(terminal.seen)
        assert runs[0] == runs[1], (command, before, after, runs[0][:300], runs[1][:300])
"#,
    );
}

/// The size of the terminal, before and after it changes, also where the keys are another's.
#[test]
fn its_size_is_known_whatever_standard_input_is() {
    drive(
        r#"
for before in ["", "sleep 1000 | "]:
    command = "sh -c 'trap \"stty size < /dev/tty\" WINCH; stty size < /dev/tty; echo ready; while :; do sleep 0.1; done'"
    terminal = Pty("bash", "-c", before + MASKED + command, rows=33, columns=77)
    terminal.until(b"ready").until(b"33 77")
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 99, 0, 0))
    terminal.until(b"44 99").type(b"\x03")
    terminal.end()
"#,
    );
}

/// Where there is no terminal to type into, the command has none either, and does not wait for keys.
#[test]
fn without_a_terminal_to_type_into_there_is_none() {
    if !has("setsid") {
        return;
    }
    drive(
        r#"
terminal = shell("setsid -w " + MASKED + "sh -c 'if (: < /dev/tty) 2> /dev/null; then echo a terminal; else echo none; fi' < /dev/null")
assert terminal.end() == 0
assert terminal.seen == b"none\r\n", terminal.seen
"#,
    );
}
