//! A request that is being asked for: each field as somebody wrote it, then as a request needs it, then
//! the YAML file.

use jiff::civil::Date;
use serde_yaml::{Mapping, Value};

use super::{
    Reading, SupportMatrix,
    said::{self, Said},
    words::{one_of, quoted},
};
use crate::{
    model::{Method, slug, words},
    platforms::{self, OptionKind},
};

/// The first line of a request: editors complete and check the file by it.
const SCHEMA_LINE: &str = "# yaml-language-server: $schema=../schemas/import-request.schema.json\n";

/// A request as far as it is known. Fields are named as in the YAML file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// File stem.
    pub id: Option<String>,
    /// The customer's name.
    pub customer: Option<String>,
    /// The platform, by its key or its name.
    pub platform: Option<String>,
    /// About how many calls.
    pub estimated_calls: Option<String>,
    /// What depends on it.
    pub urgency: Option<String>,
    /// The day on which the customer wants it.
    pub requested_completion: Option<String>,
    /// How the calls reach us.
    pub method: Option<String>,
    /// Name of the secret that holds the credential.
    pub secret: Option<String>,
    /// Paths or addresses of files.
    pub files: Vec<String>,
    /// First day wanted.
    pub period_from: Option<String>,
    /// Last day wanted.
    pub period_to: Option<String>,
    /// What to import of each call.
    pub include: Vec<String>,
    /// Names and values of the platform's settings.
    pub options: Vec<(String, String)>,
    /// Label of the customer's workspace.
    pub account: Option<String>,
    /// The customer's own e-mail domains.
    pub internal_domains: Vec<String>,
    /// GitHub login of who asked.
    pub requested_by: Option<String>,
    /// Whether it is to wait.
    pub suspended: bool,
    /// For people.
    pub notes: Option<String>,
}

/// A field that is asked for, or that may be unclear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `customer`
    Customer,
    /// `platform`
    Platform,
    /// `estimated_calls`
    EstimatedCalls,
    /// `urgency`
    Urgency,
    /// `requested_completion`
    RequestedCompletion,
    /// `method`
    Method,
    /// `files`
    Files,
    /// `period.from`
    PeriodFrom,
    /// `period.to`
    PeriodTo,
    /// `include`
    Include,
}

impl Field {
    /// Its name as a flag of `call-import new`.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Customer => "--customer",
            Self::Platform => "--platform",
            Self::EstimatedCalls => "--estimated-calls",
            Self::Urgency => "--urgency",
            Self::RequestedCompletion => "--requested-completion",
            Self::Method => "--method",
            Self::Files => "--files",
            Self::PeriodFrom => "--period-from",
            Self::PeriodTo => "--period-to",
            Self::Include => "--include",
        }
    }

    /// What it says, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Customer => "the customer's name",
            Self::Platform => "where the calls were recorded, for example gong",
            Self::EstimatedCalls => "about how many calls, for example 5000",
            Self::Urgency => "what depends on it: deal, onboarding or retention",
            Self::RequestedCompletion => {
                "the day on which the customer wants it, for example 2026-12-04"
            }
            Self::Method => "how the calls reach us: api, oauth or file",
            Self::Files => "the exported files, for example 'files/northwind/*.vtt'",
            Self::PeriodFrom => "the first day of which calls are wanted",
            Self::PeriodTo => "the last day of which calls are wanted",
            Self::Include => "transcript, media or both",
        }
    }
}

/// A field that is still needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which one.
    pub field: Field,
    /// Why what was written does not do; `None` where nothing was written.
    pub why: Option<String>,
}

impl Gap {
    pub(super) fn unclear(field: Field, why: impl Into<String>) -> Self {
        let why = Some(why.into());
        Self { field, why }
    }
}

/// A draft whose fields are as the YAML file needs them, and what is missing in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Fields that could be read; what could not is left out.
    pub draft: Draft,
    /// What is missing or unclear, in the order of the file.
    pub gaps: Vec<Gap>,
    /// What was taken for one of two things.
    pub readings: Vec<Reading>,
}

impl Draft {
    /// This draft, completed by another one: what both say is taken from this one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        Self {
            id: self.id.or(other.id),
            customer: self.customer.or(other.customer),
            platform: self.platform.or(other.platform),
            estimated_calls: self.estimated_calls.or(other.estimated_calls),
            urgency: self.urgency.or(other.urgency),
            requested_completion: self.requested_completion.or(other.requested_completion),
            method: self.method.or(other.method),
            secret: self.secret.or(other.secret),
            files: list(self.files, other.files),
            period_from: self.period_from.or(other.period_from),
            period_to: self.period_to.or(other.period_to),
            include: list(self.include, other.include),
            options: if self.options.is_empty() {
                other.options
            } else {
                self.options
            },
            account: self.account.or(other.account),
            internal_domains: list(self.internal_domains, other.internal_domains),
            requested_by: self.requested_by.or(other.requested_by),
            suspended: self.suspended || other.suspended,
            notes: self.notes.or(other.notes),
        }
    }

    /// Whether a field is written in it.
    pub fn says(&self, field: Field) -> bool {
        match field {
            Field::Customer => self.customer.is_some(),
            Field::Platform => self.platform.is_some(),
            Field::EstimatedCalls => self.estimated_calls.is_some(),
            Field::Urgency => self.urgency.is_some(),
            Field::RequestedCompletion => self.requested_completion.is_some(),
            Field::Method => self.method.is_some(),
            Field::Files => !self.files.is_empty(),
            Field::PeriodFrom => self.period_from.is_some(),
            Field::PeriodTo => self.period_to.is_some(),
            Field::Include => !self.include.is_empty(),
        }
    }

    /// Takes a field out.
    pub(super) fn forget(&mut self, field: Field) {
        match field {
            Field::Customer => self.customer = None,
            Field::Platform => self.platform = None,
            Field::EstimatedCalls => self.estimated_calls = None,
            Field::Urgency => self.urgency = None,
            Field::RequestedCompletion => self.requested_completion = None,
            Field::Method => self.method = None,
            Field::Files => self.files = Vec::new(),
            Field::PeriodFrom => self.period_from = None,
            Field::PeriodTo => self.period_to = None,
            Field::Include => self.include = Vec::new(),
        }
    }

    /// Every text in it, for a look at whether one is a credential.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let options = self.options.iter().flat_map(|(name, value)| [name, value]);
        let lists = [&self.files, &self.include, &self.internal_domains];
        let single = [
            &self.id,
            &self.customer,
            &self.platform,
            &self.estimated_calls,
            &self.urgency,
            &self.requested_completion,
            &self.method,
            &self.secret,
            &self.period_from,
            &self.period_to,
            &self.account,
            &self.requested_by,
            &self.notes,
        ];
        let single = single.into_iter().flatten();
        let all = single.chain(lists.into_iter().flatten()).chain(options);
        all.map(String::as_str)
    }

    /// Brings each field into the form of the YAML file and says what is missing. `today` is the day on which
    /// the draft was written. The id is made from customer and platform where nobody gave one.
    pub fn settle(self, matrix: &SupportMatrix, today: Date) -> Settled {
        let mut gaps = Vec::new();
        let mut draft = Self {
            customer: self.customer.as_deref().and_then(name_of),
            ..self
        };
        draft.platform = read(&mut gaps, Field::Platform, draft.platform, |written| {
            platform(written, matrix)
        });
        let days = [
            (Field::RequestedCompletion, &draft.requested_completion),
            (Field::PeriodFrom, &draft.period_from),
            (Field::PeriodTo, &draft.period_to),
        ];
        let readings = days
            .into_iter()
            .filter_map(|(field, day)| Reading::of_day(field, day.as_deref()?, today))
            .collect();
        let mut settle = |field: Field, written: Option<String>| {
            read(&mut gaps, field, written, |written| {
                value_of(field, written, today)
            })
        };
        draft.estimated_calls = settle(Field::EstimatedCalls, draft.estimated_calls);
        draft.urgency = settle(Field::Urgency, draft.urgency);
        draft.requested_completion = settle(Field::RequestedCompletion, draft.requested_completion);
        draft.method = settle(Field::Method, draft.method);
        draft.period_from = settle(Field::PeriodFrom, draft.period_from);
        draft.period_to = settle(Field::PeriodTo, draft.period_to);
        draft.include = (draft.include.into_iter())
            .filter_map(|part| settle(Field::Include, Some(part)))
            .collect();
        // Files are read by this method only.
        if !draft.files.is_empty() && draft.method.is_none() {
            draft.method = Some(Method::File.as_str().to_owned());
        }
        gaps.extend(draft.missing(&gaps));
        gaps.sort_by_key(|gap| gap.field);
        draft.id = draft.id.take().or_else(|| draft.usual_id());
        Settled {
            draft,
            gaps,
            readings,
        }
    }

    /// What a request cannot do without, except for what is told already.
    fn missing(&self, told: &[Gap]) -> Vec<Gap> {
        let by_file = self.method.as_deref() == Some(Method::File.as_str());
        let required = [
            Some(Field::Customer),
            Some(Field::Platform),
            Some(Field::EstimatedCalls),
            Some(Field::Urgency),
            Some(Field::RequestedCompletion),
            by_file.then_some(Field::Files),
        ];
        let is_told = |field: Field| told.iter().any(|gap| gap.field == field);
        let missing = required.into_iter().flatten();
        let missing = missing.filter(|field| !self.says(*field) && !is_told(*field));
        missing.map(|field| Gap { field, why: None }).collect()
    }

    /// The id of a request that nobody named: customer and platform.
    pub fn usual_id(&self) -> Option<String> {
        let customer = self.customer.as_deref().map(slug)?;
        let platform = self.platform.as_deref()?;
        (!customer.is_empty()).then(|| slug(&format!("{customer}-{platform}")))
    }

    /// The name of the secret that may hold the credential of this request.
    pub fn expected_secret(&self) -> Option<String> {
        let customer = || self.customer.as_deref().map(slug);
        let account = self.account.clone().or_else(customer)?;
        Some(super::secret_name::of(&account, self.platform.as_deref()?))
    }

    /// The YAML file, as a person would write it.
    ///
    /// # Errors
    /// Only what the YAML library reports; texts and numbers can always be written.
    pub fn render(&self) -> Result<String, serde_yaml::Error> {
        let mut map = Mapping::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(key.into(), value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::String);
        put("customer", text(&self.customer));
        put("platform", text(&self.platform));
        put(
            "estimated_calls",
            self.estimated_calls.as_deref().map(number),
        );
        put("urgency", text(&self.urgency));
        put("requested_completion", text(&self.requested_completion));
        put("method", text(&self.method));
        put("credentials", mapping([("secret", text(&self.secret))]));
        put("files", list(&self.files));
        let period = [
            ("from", text(&self.period_from)),
            ("to", text(&self.period_to)),
        ];
        put("period", mapping(period));
        put("include", list(&self.include));
        put("options", self.settings());
        put("account", text(&self.account));
        put("internal_domains", list(&self.internal_domains));
        put("requested_by", text(&self.requested_by));
        put("suspended", self.suspended.then_some(Value::Bool(true)));
        put("notes", text(&self.notes));
        Ok(format!("{SCHEMA_LINE}{}", serde_yaml::to_string(&map)?))
    }

    /// The platform's settings, each as the kind that the platform says.
    fn settings(&self) -> Option<Value> {
        let connector = self.platform.as_deref().and_then(platforms::connector);
        let known = connector.map_or(&[][..], |connector| connector.traits().options);
        let value = |name: &str, text: &str| {
            let is_flag = known
                .iter()
                .any(|option| option.name == name && option.kind == OptionKind::Flag);
            match text {
                "true" if is_flag => Value::Bool(true),
                "false" if is_flag => Value::Bool(false),
                text => Value::String(text.to_owned()),
            }
        };
        let options = self.options.iter();
        mapping(options.map(|(name, text)| (name.as_str(), Some(value(name, text)))))
    }
}

/// What somebody wrote for a field, in the form of the file.
///
/// # Errors
/// Why it does not do, as a sentence.
pub fn value_of(field: Field, written: &str, today: Date) -> Result<String, String> {
    match field {
        Field::EstimatedCalls => calls(written),
        Field::Urgency => urgency(written),
        Field::Method => method(written),
        Field::Include => include(written),
        Field::RequestedCompletion | Field::PeriodFrom | Field::PeriodTo => {
            match said::day::read(written, today) {
                Said::Clear(day) => Ok(day.to_string()),
                Said::Unclear(why) => Err(not_clear(written, &why)),
            }
        }
        Field::Customer | Field::Platform | Field::Files => Ok(written.to_owned()),
    }
}

/// A field in the form of the file, or a gap that says why it has none.
fn read(
    gaps: &mut Vec<Gap>,
    field: Field,
    written: Option<String>,
    read: impl FnOnce(&str) -> Result<String, String>,
) -> Option<String> {
    let written = written.as_deref().and_then(one_line)?;
    read(&written)
        .map_err(|why| gaps.push(Gap::unclear(field, why)))
        .ok()
}

/// A text without blanks around it and line breaks in it; `None` if nothing is left.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

/// A name on one line, without quotation marks around it.
fn name_of(written: &str) -> Option<String> {
    let marks = ['"', '“', '”', '„', '«', '»', '‘', '‹', '›'];
    let inner = written
        .trim()
        .trim_start_matches(marks)
        .trim_end_matches(marks);
    // An apostrophe may end a name, if no such mark began it.
    let began = written.trim().starts_with('‘');
    one_line(inner.strip_suffix('’').filter(|_| began).unwrap_or(inner))
}

fn platform(written: &str, matrix: &SupportMatrix) -> Result<String, String> {
    if let Some((key, _)) = matrix.find(written) {
        return Ok(key.to_owned());
    }
    let known = format!("The support matrix has no platform {}.", name(written));
    Err(match matrix.nearest(written) {
        Some((key, row)) => format!("{known} Did you mean {} (`{key}`)?", row.name),
        None => format!("{known} For a platform without a row of its own, write `other`."),
    })
}

/// Why a day does not do.
pub(super) fn not_clear(written: &str, why: &str) -> String {
    format!("{} is no clear date. {why}", begin(written))
}

fn calls(written: &str) -> Result<String, String> {
    let number = said::amount::read(written).map(|number| number.to_string());
    number.ok_or_else(|| format!("{} is no number.", begin(written)))
}

fn urgency(written: &str) -> Result<String, String> {
    let found = said::urgency(&written.to_lowercase());
    let name = found.and_then(|urgency| serde_json::to_value(urgency).ok());
    let name = name.as_ref().and_then(|name| name.as_str());
    name.map(str::to_owned).ok_or_else(|| {
        let known = one_of(["deal", "onboarding", "retention"]);
        format!("{} is not {known}.", begin(written))
    })
}

fn method(written: &str) -> Result<String, String> {
    let words = said::words(written);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = said::method(&words).map(|method| method.as_str().to_owned());
    found.ok_or_else(|| {
        let known = one_of(["api", "oauth", "file"]);
        format!("{} is not {known}.", begin(written))
    })
}

fn include(written: &str) -> Result<String, String> {
    let found = said::include(&written.to_lowercase());
    let name = found.and_then(|part| serde_json::to_value(part).ok());
    let name = name.as_ref().and_then(|name| name.as_str());
    name.map(str::to_owned).ok_or_else(|| {
        let known = one_of(["transcript", "media"]);
        format!("{} is not {known}.", begin(written))
    })
}

/// A value at the beginning of a sentence, if it may be repeated.
fn begin(written: &str) -> String {
    let quoted = quoted(written);
    quoted
        .strip_prefix("this")
        .map_or(quoted.clone(), |rest| format!("This{rest}"))
}

/// A name inside of a sentence, if it may be repeated.
fn name(written: &str) -> String {
    match quoted(written) {
        quoted if quoted.starts_with('`') => quoted,
        _ => "of this name".to_owned(),
    }
}

fn number(digits: &str) -> Value {
    let number = digits.parse::<u64>().map(Value::from);
    number.unwrap_or_else(|_| Value::String(digits.to_owned()))
}

fn list(items: &[String]) -> Option<Value> {
    let items: Vec<Value> = items.iter().cloned().map(Value::String).collect();
    (!items.is_empty()).then_some(Value::Sequence(items))
}

fn mapping<'a>(entries: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Option<Value> {
    let entries = entries
        .into_iter()
        .filter_map(|(key, value)| Some((Value::from(key), value?)));
    let map: Mapping = entries.collect();
    (!map.is_empty()).then_some(Value::Mapping(map))
}

/// A settled field as people read it: dates with weekday, numbers with separators.
pub(crate) fn shown(field: Field, value: &str) -> String {
    let day = || value.parse().map(words::day).ok();
    let shown = match field {
        Field::EstimatedCalls => value.parse().map(words::number).ok(),
        Field::RequestedCompletion | Field::PeriodFrom | Field::PeriodTo => day(),
        Field::Customer
        | Field::Platform
        | Field::Urgency
        | Field::Method
        | Field::Files
        | Field::Include => None,
    };
    shown.unwrap_or_else(|| value.to_owned())
}
