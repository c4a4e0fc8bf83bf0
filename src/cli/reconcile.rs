//! `call-import reconcile`: the nightly run.

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::{Common, Exit, Output, Stop};

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Work on this request alone; nothing else is changed or cancelled
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Stop after this long and go on in the next run; default: the matrix's nightly deadline
    #[arg(long, value_name = "5h", value_parser = duration)]
    deadline: Option<SignedDuration>,
    /// Allow this run to cancel so many unfinished imports whose files are gone
    #[arg(long, value_name = "N")]
    allow_cancel: Option<usize>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Write no comments and no job summary
    #[arg(long)]
    no_github: bool,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Send a platform's requests to another scheme, host and port, for simulators and proxies; may be
    /// given more than once
    #[arg(long, value_name = "NAME=URL", value_parser = platform_url)]
    platform_url: Vec<PlatformUrl>,
}

/// Form of a run's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For programs
    Json,
}

/// Another address for a platform's API.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlatformUrl {
    /// Key of the support matrix.
    platform: String,
    /// Scheme, host and port, without a slash at the end.
    url: String,
}

pub(super) fn run(
    _arguments: &Arguments,
    _common: &Common,
    _out: &mut Output,
) -> Result<Exit, Stop> {
    Err(anyhow!("`reconcile` is not wired yet.").into())
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        Ok(_) | Err(_) => Err("write a duration such as 5h or 90m".into()),
    }
}

fn platform_url(text: &str) -> Result<PlatformUrl, String> {
    let (platform, url) = text
        .split_once('=')
        .ok_or("write NAME=URL, for example gong=http://localhost:8080")?;
    let url = url.trim_end_matches('/');
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or("the URL must begin with http:// or https://")?;
    if platform.is_empty() || host.is_empty() || host.contains(['/', '?', '#', '@']) {
        return Err("write a platform, then scheme, host and port: paths stay as they are".into());
    }
    Ok(PlatformUrl {
        platform: platform.into(),
        url: url.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{duration, platform_url};

    #[test]
    fn platform_urls_have_no_path() {
        let given = platform_url("gong=http://127.0.0.1:8080/").unwrap();
        assert_eq!(given.platform, "gong");
        assert_eq!(given.url, "http://127.0.0.1:8080");
        for wrong in [
            "gong",
            "gong=localhost",
            "=http://x",
            "gong=http://",
            "gong=http://x/v2",
            "gong=http://u@x",
        ] {
            assert!(platform_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn deadlines_are_positive() {
        assert_eq!(duration("90m").unwrap().as_mins(), 90);
        for wrong in ["", "5", "-5h", "0s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
