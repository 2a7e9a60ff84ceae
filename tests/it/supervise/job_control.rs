//! Keys that stop or end a command on a terminal, alone, in a pipeline, and in a shell with jobs.

use super::pty::drive;
use crate::support::sandbox::has;

#[test]
fn ctrl_c_ends_a_pager_and_its_pipeline() {
    if !has("less") {
        return;
    }
    drive(
        r#"
terminal = shell("seq 99999 | " + MASKED + "less -K; echo after")
terminal.until(b"\r\n20").wait_for(lambda: not terminal.is_cooked())
# less misses one that arrives between its checks for signals and for keys.
terminal.end(b"\x03")
# Before the command has read a key, Ctrl-C ends the whole pipeline.
terminal = shell("sleep 100 | " + MASKED + "sh -c 'echo ready; exec sleep 100'")
terminal.until(b"ready").type(b"\x03")
assert terminal.end() == -signal.SIGINT
"#,
    );
}

/// Ctrl-C ends the script as without co-cred.
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
# A signal that was not typed ends the command alone.
terminal = shell("for i in 1 2 3; do " + MASKED + "sh -c 'kill -INT $$'; done; echo after")
assert terminal.end() == 0 and b"after" in terminal.seen
# Ctrl-C for a job inside the command does not reach the script.
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
# Not a shell that forks: if its child is stopped between vfork and exec, it hangs, with or without co-cred.
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

/// A background command that reads the terminal is stopped until it is in the foreground, also below a second co-cred.
#[test]
fn background_command_waits_for_the_foreground() {
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

#[test]
fn ctrl_c_ends_the_command_by_its_signal() {
    drive(
        r#"
terminal = masked("sh", "-c", "tty; echo ready; exec sleep 20").until(b"ready").type(b"\x03")
assert terminal.end() == -signal.SIGINT
"#,
    );
}

#[test]
fn ctrl_z_stops_co_cred_with_the_command() {
    drive(
        r#"
# Not a shell that forks: if its child is stopped between vfork and exec, it hangs, with or without co-cred.
waits = """
import os, signal, time
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"continued\\n"))
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
print("over")
"""
terminal = masked(sys.executable, "-c", waits).until(b"ready").type(b"\x1a")
assert os.WIFSTOPPED(os.waitpid(terminal.pid, os.WUNTRACED)[1])
os.kill(terminal.pid, signal.SIGCONT)
terminal.until(b"continued")
open("go", "w").close()
assert terminal.until(b"over").end() == 0
"#,
    );
}

/// In the background it runs to its end and leaves the terminal alone; stopped, it continues there.
#[test]
fn shell_jobs_work() {
    drive(
        r#"
terminal = jobs()
def line(text):
    terminal.seen = b""
    return terminal.type(text.encode() + b"\n")
line(MASKED + "sh -c 'sleep 0.3; echo in the back''ground' & wait; echo wai''ted $?").until(b"waited 0")
line(MASKED + "python3 -c \"import time; print('star' + 'ted', flush=True); time.sleep(1); print('at the ' + 'end')\"")
terminal.until(b"started").type(b"\x1a").until(b"Stopped")
line("bg; wait; echo wai''ted again").until(b"waited again")
line(MASKED + "sh -c 'kill -STOP $$; echo res''umed'").until(b"Stopped")
line("fg").until(b"resumed\r\natyourservice")
line("exit").end()
"#,
    );
}
