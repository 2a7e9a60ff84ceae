//! A harness in Python that types into a terminal and reads its screen.

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has};

/// The beginning of every script. `Pty` is a terminal with a program in its foreground, `MASKED` and `masked` run a command
/// under `exec --mask`, `shell` runs a line of bash, `jobs` is an interactive bash with job control.
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

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        return self

    # Reads to the end, and returns the exit code. The keys are typed as long as nothing is printed.
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

def masked(*command, **size):
    return Pty(BIN, "exec", "--offline", "--mask", "--", *command, **size)

def shell(script):
    return Pty("bash", "-c", script)

def jobs():
    terminal = Pty("bash", "--norc", "--noprofile", "--noediting", "-i")
    terminal.type(b"PS1='at''your''service $ '; set +o history\n").until(b"atyourservice")
    return terminal
"#;

/// Runs a Python script after the harness.
pub fn drive(script: &str) {
    if !has("python3") {
        return;
    }
    let sandbox = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .with("TERM", "xterm")
        .file("work/script.py", format!("{HARNESS}\n{script}\nprint(\"fine\")\n"));
    let ran: Ran = sandbox.spawn_program("python3", &["script.py", bin()]);
    assert_eq!(ran.out, "fine\n", "{}", ran.err.replace("\\n", "\n"));
}
