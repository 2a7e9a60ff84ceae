//! Under `--mask` a command has the terminal that it has alone: its keys, its echo, its size, its line ends.

use super::pty::drive;
use crate::support::sandbox::has;

#[test]
fn pager_reads_keys() {
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
fn menu_reads_keys() {
    if !has("fzf") {
        return;
    }
    drive(
        r#"
for form in ["%s", "x=$(%s); echo $x"]:
    terminal = shell("printf 'alpha\\nbeta\\ngamma\\n' | (" + form % (MASKED + "fzf") + "); echo code $?")
    terminal.until(b"gamma").wait_for(lambda: not terminal.is_cooked()).type(b"bet").until(b"1/3").type(b"\r").until(b"code 0")
    terminal.end()
    assert b"beta" in terminal.seen.split(b"1/3")[-1], terminal.seen
"#,
    );
}

#[test]
fn editor_reads_text_from_a_pipe_and_keys_from_the_terminal() {
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
fn password_is_not_echoed() {
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

/// Another program of the pipeline may ask for a password first, as `sudo` does.
#[test]
fn other_programs_of_a_pipeline_read_keys_until_the_command_does() {
    drive(
        r#"
command = "sh -c 'cat; read y < /dev/tty; echo and $y'"
terminal = shell("(printf 'first? ' > /dev/tty; read x < /dev/tty; echo got $x) | " + MASKED + command)
terminal.until(b"first? ").type(b"one\n").until(b"got one").wait_for(lambda: not terminal.echoes())
terminal.type(b"two\n").until(b"and two")
assert terminal.end() == 0
assert terminal.seen == b"first? one\r\ngot one\r\ntwo\r\nand two\r\n", terminal.seen
# A background job leaves the keys to the script.
terminal = shell(MASKED + "sh -c 'echo job; sleep 1; echo over' & sleep 0.5; read -p 'name? ' x; wait; echo hello $x")
terminal.until(b"name? ").type(b"ada\n").until(b"hello ada")
assert terminal.end() == 0
assert terminal.seen.count(b"ada") == 2, terminal.seen
"#,
    );
}

/// The terminal on standard input is of another session, or was made by the program that started co-cred.
#[test]
fn terminal_that_is_not_the_controlling_one_is_read() {
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
# Made by a program without a terminal, or with another one.
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
# Closing the terminal ends the input.
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

/// Every byte is the same as without co-cred.
#[test]
fn line_ends_are_converted_once() {
    drive(
        r#"
for command in ["seq 20000", "printf 'a\\r\\nb\\nc\\rd\\n\\n\\r'", "sh -c 'echo one; sleep 0.2; printf two; sleep 0.2; echo'"]:
    for before, after in [("", ""), (": | ", ""), ("", " < /dev/null"), ("", " &\nwait")]:
        runs = []
        for prefix in ["", MASKED]:
            terminal = shell(before + prefix + command + after)
            assert terminal.end() == 0
            runs.append(terminal.seen)
        assert runs[0] == runs[1], (command, before, after, runs[0][:300], runs[1][:300])
"#,
    );
}

/// Before and after it changes, also where another program reads the keys.
#[test]
fn size_is_known_without_a_terminal_on_standard_input() {
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

/// The command has none either, and does not wait for keys.
#[test]
fn without_an_input_terminal_there_is_no_terminal() {
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

/// Before and after it changes; what is typed is echoed once.
#[test]
fn terminal_has_our_size_and_echoes_once() {
    drive(
        r#"
script = "echo waiting; read x; stty size; trap 'stty size; exit 4' WINCH; echo $CODEOCEAN_TOKEN; echo ready; while :; do sleep 0.05; done"
terminal = masked("sh", "-c", script, rows=33, columns=77)
terminal.until(b"waiting").type(b"go\n").until(b"ready")
assert b"33 77" in terminal.seen and b"***" in terminal.seen and terminal.seen.count(b"go") == 1, terminal.seen
assert terminal.resize(44, 99).until(b"44 99").end() == 4
"#,
    );
}

#[test]
fn full_screen_program_is_shown() {
    if !has("top") {
        return;
    }
    drive(
        r#"
assert masked("top", "-n", "1").until(b"load average").end() == 0
"#,
    );
}

#[test]
fn carriage_returns_and_colours_are_unchanged() {
    drive(
        r#"
terminal = masked("sh", "-c", r"printf '10%%\r\033[32m20%%\033[0m\r'; printf 'done\n'").until(b"done")
assert b"10%\r\x1b[32m20%\x1b[0m\rdone\r\n" in terminal.seen, terminal.seen
assert terminal.end() == 0
"#,
    );
}

/// The fastest of five takes less time than a silent stream is waited for.
#[test]
fn co_cred_exits_as_soon_as_the_command() {
    drive(
        r#"
times = []
for _ in range(5):
    began = time.time()
    assert masked("echo", "done").until(b"done").end() == 0
    times.append(time.time() - began)
assert min(times) < 0.9, times
"#,
    );
}
