//! Every flaw that can be found, by its stable name.

use super::Severity;

/// A flaw that can be found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable kebab-case name: `Finding::code`.
    pub name: &'static str,
    /// How bad it is, always.
    pub severity: Severity,
    /// One line for lists of rules.
    pub summary: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $severity:ident, $summary:literal;)+) => {
        $(
            #[doc = $summary]
            pub(crate) const $constant: Code =
                Code { name: $name, severity: Severity::$severity, summary: $summary };
        )+

        /// Every code, in the order in which a file is checked.
        pub const CODES: &[Code] = &[$($constant),+];
    };
}

codes! {
    // The file itself.
    DIRECTORY = "directory", Error, "A folder is named like a request file.";
    DANGLING_SYMLINK = "dangling-symlink", Error, "A link points to nothing.";
    SYMLINK_OUTSIDE = "symlink-outside", Error, "A link points out of the requests folder, or to a folder.";
    UNREADABLE = "unreadable", Error, "The file cannot be read.";
    TOO_LARGE = "too-large", Error, "The file is larger than any request needs to be.";
    FILE_EXTENSION = "file-extension", Error, "The file name does not end in .yaml.";
    FILE_NAME = "file-name", Error, "The file name cannot be a request id.";
    DUPLICATE_ID = "duplicate-id", Error, "Two request files have one name.";

    // Its bytes and characters.
    UTF_16 = "utf-16", Error, "The file is saved as UTF-16 and not as UTF-8.";
    INVALID_UTF_8 = "invalid-utf-8", Error, "The file holds bytes that are not UTF-8.";
    CONTROL_CHARACTER = "control-character", Error, "The file holds a control character.";
    EMPTY_FILE = "empty-file", Error, "The file holds nothing.";
    MERGE_MARKER = "merge-marker", Error, "A merge conflict was not resolved.";
    CLEAR_TEXT_CREDENTIAL = "clear-text-credential", Error, "A credential stands in the file for everybody to read.";
    INVISIBLE_CHARACTER = "invisible-character", Error, "The file holds a character that cannot be seen.";
    NO_BREAK_SPACE = "no-break-space", Error, "A special space stands where an ordinary one is needed.";
    SMART_QUOTE = "smart-quote", Error, "A typographic quotation mark, dash or colon stands where a plain one is needed.";
    TAB = "tab", Error, "A tab stands where spaces are needed.";

    // Its YAML.
    YAML_SYNTAX = "yaml-syntax", Error, "The file is not YAML.";
    YAML_ALIAS = "yaml-alias", Error, "The file uses a YAML anchor or alias.";
    YAML_TAG = "yaml-tag", Error, "The file uses a YAML tag.";
    TWO_DOCUMENTS = "two-documents", Error, "The file holds a second document.";
    TOO_DEEP = "too-deep", Error, "The file is nested deeper than any request needs to be.";
    DUPLICATE_KEY = "duplicate-key", Error, "A key is written twice.";
    NOT_A_MAPPING = "not-a-mapping", Error, "The file does not hold lines of the form key: value.";
    HASH_CUT = "hash-cut", Warning, "A value is cut off at a #.";

    // Its shape.
    MISSING_KEY = "missing-key", Error, "A required key is missing.";
    UNKNOWN_KEY = "unknown-key", Error, "A key is not known.";
    EMPTY_VALUE = "empty-value", Error, "A key has no value.";
    WRONG_TYPE = "wrong-type", Error, "A value is of the wrong kind.";
    UNKNOWN_VALUE = "unknown-value", Error, "A value is not one of those allowed.";
    BAD_NUMBER = "bad-number", Error, "A number is not written in plain digits or out of range.";
    BAD_DATE = "bad-date", Error, "A date does not exist or is not written year-month-day.";
    TOO_LONG = "too-long", Error, "A text or list is too long.";
    REPEATED_ITEM = "repeated-item", Error, "A list holds the same entry twice.";

    // What it asks for.
    UNKNOWN_PLATFORM = "unknown-platform", Error, "The platform has no row in the support matrix.";
    PLATFORM_NOT_SUPPORTED = "platform-not-supported", Error, "Calls cannot be imported from this platform in this way today.";
    METHOD_NOT_OFFERED = "method-not-offered", Error, "The platform does not offer the method.";
    INCLUDE_NOT_OFFERED = "include-not-offered", Warning, "The platform does not give what include asks for.";
    BAD_ACCOUNT = "bad-account", Error, "The account label has characters that are not allowed.";
    MISSING_ACCOUNT = "missing-account", Error, "No account label can be made from the customer's name.";
    MISSING_CREDENTIALS = "missing-credentials", Error, "The method needs a credential and the request has none.";
    TWO_CREDENTIALS = "two-credentials", Error, "The request gives its credential in two ways.";
    CREDENTIALS_NOT_USED = "credentials-not-used", Error, "Method file needs no credential.";
    SECRET_NAME = "secret-name", Error, "The secret's name does not belong to this account and platform.";
    BROKEN_SEAL = "broken-seal", Error, "The sealed block is damaged or not a sealed block.";
    MISSING_FILES = "missing-files", Error, "Method file needs files and the request names none.";
    FILES_NOT_USED = "files-not-used", Error, "Files are read with method file only.";
    FILE_PATH = "file-path", Error, "A path leaves the requests folder or cannot be read as a path.";
    NO_FILE_MATCHES = "no-file-matches", Error, "No file in the requests folder fits a path.";
    CASE_TWINS = "case-twins", Error, "Two files differ in capitals only.";
    REMOTE_NOT_ALLOWED = "remote-not-allowed", Error, "A remote file lies outside the places that the matrix allows.";
    UNKNOWN_OPTION = "unknown-option", Error, "The platform has no such option.";
    OPTION_TYPE = "option-type", Error, "An option has a value of the wrong kind.";
    BASE_URL = "base-url", Error, "The address is not one of the platform's own.";
    FILE_OPTION = "file-option", Error, "An option of how files are read has a value that is not known.";
    FILE_PROBLEM = "file-problem", Error, "A list among the files leaves open what only people know.";
    FILE_FAILURE = "file-failure", Warning, "A file, or a row of a list, makes no call.";
    FILE_NOTICE = "file-notice", Info, "Something in a file was read otherwise than it stands there.";
    NO_CALLS_IN_FILES = "no-calls-in-files", Error, "No file of the request holds a call.";
    FILES_IN_GIT = "files-in-git", Warning, "Customers' files are committed, and stay in the history for ever.";
    BAD_DOMAIN = "bad-domain", Error, "An e-mail domain is not written as a domain.";
    BAD_LOGIN = "bad-login", Error, "A GitHub login is not written as one.";
    PERIOD_REVERSED = "period-reversed", Error, "The period ends before it begins.";
    PERIOD_IN_FUTURE = "period-in-future", Warning, "The period reaches into the future.";
    DATE_PASSED = "date-passed", Warning, "The requested date has passed.";
    ACCOUNT_COLLISION = "account-collision", Error, "Two customers share one account of a platform without saying so.";
    PERIOD_OVERLAP = "period-overlap", Warning, "Two requests ask for the same days of one account.";

    // The keys to seal to.
    SECRET_KEY = "secret-key", Error, "A secret key stands among the public keys for everybody to read.";
    BROKEN_RECIPIENT = "broken-recipient", Error, "A line among the public keys is no public key.";

    // The support matrix.
    MATRIX_KEY = "matrix-key", Error, "A platform's key in the matrix has characters that are not allowed.";
    MATRIX_NO_CONNECTOR = "matrix-no-connector", Error, "The matrix offers an import for which there is no code.";
    MATRIX_NO_METHOD = "matrix-no-method", Error, "A supported platform offers no method.";
    MATRIX_NO_ALTERNATIVE = "matrix-no-alternative", Error, "A platform is not supported and the matrix offers no alternative.";
    MATRIX_UPLOADS = "matrix-uploads", Error, "A prefix for remote files is not safe.";
}

/// The code of a name. Names come from this list, so the file itself is at fault if one is missing.
pub(super) fn named(name: &str) -> Code {
    CODES
        .iter()
        .copied()
        .find(|code| code.name == name)
        .unwrap_or(UNREADABLE)
}
