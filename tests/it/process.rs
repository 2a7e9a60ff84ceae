//! Programs that are run for their output.

use co_cred::process;

/// A supervisor waits for any child process; a program that another thread runs must be left to that thread.
#[test]
fn a_supervisor_does_not_reap_the_program_of_another_thread() {
    let (started, running) = std::sync::mpsc::channel();
    let run = std::thread::spawn(move || {
        started.send(()).unwrap();
        process::output(std::process::Command::new("sleep").arg("0.5"), std::time::Duration::from_secs(10), 10)
    });
    running.recv().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut taken = false;
    process::if_none_running(|| taken = true);
    assert!(!taken, "the supervisor could have reaped it");
    assert!(run.join().unwrap().unwrap().status.success());
}
