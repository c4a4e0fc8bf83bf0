//! Questions on a terminal, which `script` (util-linux) makes.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use super::program::office;
use crate::support;

/// How long a broken question may keep the test waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on a terminal of its own.
struct Terminal {
    child: Child,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn start(folder: &Path, arguments: &str) -> Option<Self> {
        let known = Command::new("script").arg("--version").output();
        let is_known = known
            .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"));
        if !is_known {
            support::skipped("questions on a terminal: `script` of util-linux is not installed");
            return None;
        }
        let program = env!("CARGO_BIN_EXE_call-import");
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--echo", "never", "--command"])
            .arg(format!("'{program}' new {arguments}"))
            .arg("/dev/null")
            .current_dir(folder)
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, screen) = channel();
        let mut out = child.stdout.take().unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut bytes) {
                if send.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Some(Self {
            child,
            screen,
            seen: String::new(),
        })
    }

    /// Waits for a text, then types.
    fn answer(&mut self, question: &str, typed: &str) {
        while !self.seen.contains(question) {
            let bytes = self.screen.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("no {question:?} in {:?}", self.seen);
            });
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        self.seen.clear();
        let mut stdin = self.child.stdin.as_ref().unwrap();
        stdin.write_all(typed.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// What came after the last answer, and the exit code.
    fn end(mut self) -> (String, i32) {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        let code = self.child.wait().unwrap().code().unwrap();
        (self.seen, code)
    }
}

#[test]
fn what_a_sentence_leaves_open_is_asked() {
    let folder = office();
    let Some(mut terminal) = Terminal::start(folder.path(), "5,000 calls for Northwind") else {
        return;
    };
    terminal.answer("Where were the calls recorded?", "gong\r");
    terminal.answer("What depends on it?", "onb\r");
    terminal.answer("When does the customer want it:", "04/12/2030\r");
    let backspaces = "\u{7f}".repeat("04/12/2030".len());
    terminal.answer("It can be", &format!("{backspaces}31 December 2030\r"));
    terminal.answer("Write requests/northwind-gong.yaml?", "\r");
    let (seen, code) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let written = fs::read_to_string(folder.path().join("requests/northwind-gong.yaml")).unwrap();
    insta::assert_snapshot!("asked", written);
}

#[test]
fn escape_leaves_without_a_file() {
    let folder = office();
    let Some(mut terminal) = Terminal::start(folder.path(), "") else {
        return;
    };
    terminal.answer("Customer:", "Northwind\r");
    terminal.answer("Where were the calls recorded?", "\u{1b}");
    let (seen, code) = terminal.end();
    assert!(seen.contains("Nothing was written."), "{seen}");
    assert_eq!(code, 3);
    assert_eq!(
        fs::read_dir(folder.path().join("requests"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_near_spelling_is_asked_about_and_a_wrong_path_asks_again() {
    let folder = office();
    let place = folder.path().join("requests/files/initech");
    fs::create_dir_all(&place).unwrap();
    let cue = "1\n00:00:01,000 --> 00:00:02,000\nAda: Hi\n";
    fs::write(place.join("a.srt"), cue).unwrap();
    let sentence = "'40 calls from Fathm for Initech by 31 December 2030, deal'";
    let Some(mut terminal) = Terminal::start(folder.path(), sentence) else {
        return;
    };
    terminal.answer("`Fathm` is read as Fathom. Is that right?", "n\r");
    // What is in no list leaves the way out.
    terminal.answer("Where were the calls recorded?", "whizzcall");
    terminal.answer("Any other platform", "\r");
    terminal.answer("Which files:", "\r");
    terminal.answer("It cannot be empty", "files/initec/*.srt\r");
    let backspaces = "\u{7f}".repeat("files/initec/*.srt".len());
    terminal.answer(
        "No file in the requests",
        &format!("{backspaces}files/initech/*.srt\r"),
    );
    terminal.answer("Write requests/initech-other.yaml?", "\r");
    let (seen, code) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let written = fs::read_to_string(folder.path().join("requests/initech-other.yaml")).unwrap();
    assert!(written.contains("- files/initech/*.srt"), "{written}");
}
