//! What a schema cannot say: rules between the lines of a request, the matrix, the connectors, the
//! uploaded files and the calendar.

mod credentials;
mod dates;
pub(super) mod files;
mod options;
mod platform;

use jiff::civil::Date;

use super::{
    Basics, ImportRequest, Include, RequestFile, SupportMatrix, codes, file_report::FileReport,
    raw::RawRequest,
};
use crate::model::{Method, slug};

pub(super) use files::{SCHEMES, Uploads};

/// What requests are checked against.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) matrix: &'a SupportMatrix,
    pub(super) uploads: Uploads<'a>,
    pub(super) today: Date,
}

/// What the rules made of a request.
#[derive(Debug, Default)]
pub(super) struct Ruling {
    /// What identifies the import, if that could be read.
    pub(super) basics: Option<Basics>,
    /// What to do instead, where the platform or method is not offered.
    pub(super) alternative: Option<String>,
    /// The request. Only worth anything if nothing is wrong with the file.
    pub(super) request: Option<ImportRequest>,
}

/// Checks everything about one request that its own file can tell.
pub(super) fn check(
    id: &str,
    mut raw: RawRequest,
    context: &Context<'_>,
    report: &mut FileReport,
) -> Ruling {
    super::numbers::check_digits("estimated_calls", "/estimated_calls", report);
    dates::check(&raw, context.today, report);
    // A name is one line; how many spaces stand in it says nothing.
    raw.customer = raw
        .customer
        .map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
    let account = account(&raw, report);
    let Some(offer) = platform::find(&raw, context.matrix, &report.document) else {
        return Ruling::default();
    };
    let basics = basics(&raw, account.as_deref(), offer.method);
    let wrong_method = raw.method.is_none() && report.document.value.get("method").is_some();
    if wrong_method {
        // Everything else depends on the method, and its own finding says enough.
        return Ruling {
            basics,
            ..Ruling::default()
        };
    }
    // A platform that is not offered needs no credentials and no files: one reason is enough.
    let alternative = platform::check(&offer, report);
    if alternative.is_some() {
        return Ruling {
            basics,
            alternative,
            request: None,
        };
    }
    platform::check_include(&raw, &offer, report);
    match offer.method {
        Method::File => options::check_files(&raw, report),
        Method::Api | Method::Oauth => options::check(&raw, offer.platform, report),
    }
    let account = account.unwrap_or_default();
    let scope = Scope {
        account: &account,
        platform: offer.platform,
        method: offer.method,
    };
    let credentials = credentials::check(&raw, scope, report);
    let (local, remote) = files::check(&raw, scope, context, report);
    Ruling {
        request: request(id, report, raw, offer.method, &account).map(|request| ImportRequest {
            credentials,
            files: local,
            remote_files: remote,
            ..request
        }),
        basics,
        alternative: None,
    }
}

/// Whose calls a request imports, and how.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    account: &'a str,
    platform: &'a str,
    method: Method,
}

/// The account label, written or made from the customer's name.
fn account(raw: &RawRequest, report: &mut FileReport) -> Option<String> {
    if raw.account.is_some() || report.document.value.get("account").is_some() {
        return raw.account.clone();
    }
    let account = slug(raw.customer.as_deref()?);
    if account.is_empty() {
        report.value(
            codes::MISSING_ACCOUNT,
            "/customer",
            "No account label can be made from this name, because it has no Latin letters or digits.",
            "Add a line such as `account: northwind-robotics` with a label of your own.",
        );
        return None;
    }
    Some(account)
}

fn basics(raw: &RawRequest, account: Option<&str>, method: Method) -> Option<Basics> {
    Some(Basics {
        customer: raw.customer.clone()?,
        platform: raw.platform.clone()?,
        account: account?.to_owned(),
        method,
    })
}

/// The request without what belongs to its method.
fn request(
    id: &str,
    report: &FileReport,
    raw: RawRequest,
    method: Method,
    account: &str,
) -> Option<ImportRequest> {
    let RawRequest {
        customer,
        platform,
        estimated_calls,
        urgency,
        requested_completion,
        method: _,
        credentials: _,
        files: _,
        period,
        include,
        options,
        account: _,
        internal_domains,
        requested_by,
        suspended,
        notes,
    } = raw;
    let period = period.unwrap_or_default();
    let mut include: Vec<Include> = include.into_iter().flatten().flatten().collect();
    if include.is_empty() {
        include.push(Include::Transcript);
    }
    include.sort_unstable();
    let domains = internal_domains.into_iter().flatten().flatten();
    let mut internal_domains: Vec<String> = domains.map(|domain| domain.to_lowercase()).collect();
    internal_domains.sort_unstable();
    internal_domains.dedup();
    Some(ImportRequest {
        id: id.to_owned(),
        path: report.path.clone(),
        customer: customer?,
        platform: platform?,
        account: account.to_owned(),
        method,
        estimated_calls: estimated_calls?,
        urgency: urgency?,
        requested_completion: requested_completion?,
        credentials: None,
        files: Vec::<RequestFile>::new(),
        remote_files: Vec::new(),
        from: period.from,
        to: period.to,
        include,
        options: options::normal(options.unwrap_or_default()),
        internal_domains,
        requested_by,
        suspended: suspended.unwrap_or_default(),
        notes,
    })
}
