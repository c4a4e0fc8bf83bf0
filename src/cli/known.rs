//! What this process must keep to itself: the secrets that it knows, its memory, and what a bug makes it say.

use std::{env, panic, sync::LazyLock};

use secrecy::SecretString;

use super::output::tell;
use crate::{
    model::KnownSecrets,
    report::text::clean,
    secrets::{self, IDENTITY},
};

/// What the names of customers' secrets begin with.
const CUSTOMERS: &str = "IMPORT_";

/// Our own secrets in the environment: for what is sealed, for GitHub and Slack, and for the stores of files
/// (object_store reads these).
const OURS: &[&str] = &[
    IDENTITY,
    "GITHUB_TOKEN",
    "CALL_IMPORT_APP_TOKEN",
    "SLACK_WEBHOOK_URL",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
];

static SECRETS: LazyLock<KnownSecrets> = LazyLock::new(|| {
    let known = KnownSecrets::default();
    for (name, value) in env::vars_os() {
        let name = name.to_string_lossy();
        if let Ok(value) = value.into_string()
            && (OURS.contains(&&*name) || name.starts_with(CUSTOMERS))
        {
            secrets::learn(&SecretString::from(value), &known);
        }
    }
    known
});

/// Every secret of this process; in the beginning those of its environment.
pub(super) fn secrets() -> &'static KnownSecrets {
    &SECRETS
}

/// Keeps the process from telling what it knows where nobody asked for it: its memory goes into no file when it
/// crashes, and what it says when it panics is looked through like everything else.
pub(super) fn keep() {
    keep_memory();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        // A message may quote what came from outside, and stands on lines of its own.
        let mut lines = text.lines().map(str::trim_start);
        let is_command = lines.any(|line| line.starts_with("::") || line.starts_with("##["));
        if is_command || secrets().are_in(&text) {
            let lines = text.lines().map(|line| format!("| {}\n", clean(line)));
            tell(&lines.collect::<String>());
        } else {
            usual(panic);
        }
    }));
}

/// A limit of nothing keeps the kernel from writing a core file. A pipe to a collector of them (`core_pattern`)
/// knows no limit, so on Linux the process is no longer dumpable at all (core(5), prctl(2)).
fn keep_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit is always allowed, and where there is none there is nothing to keep.
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Is set for the process that panics.
    const PANICS: &str = "IMPORT_NORTHWIND_GONG_PANICS";

    #[test]
    fn a_panic_does_not_tell_a_secret() {
        if let Ok(secret) = env::var(PANICS) {
            keep();
            panic!("it is {secret} and {}", hex::encode(&secret));
        }
        for (secret, is_told) in [("a canary in the mine", false), ("a bird", true)] {
            let test = "cli::known::tests::a_panic_does_not_tell_a_secret";
            let output = Command::new(env::current_exe().unwrap())
                .args([test, "--exact", "--nocapture"])
                .env(PANICS, secret)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && told.contains("panicked at"),
                "{told}"
            );
            assert_eq!(told.contains(secret), is_told, "{told}");
            assert_eq!(told.contains(&hex::encode(secret)), is_told, "{told}");
            assert_eq!(told.contains(crate::model::WITHHELD), !is_told, "{told}");
        }
    }
}
