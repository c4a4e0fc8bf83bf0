//! Invented people, companies and things to talk about.

use std::sync::LazyLock;

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Dana", "Lee", "Sam", "Ines", "Bo", "Zoë", "Mika", "Noor", "Jürgen", "Aiko", "Tomás", "Priya",
    "Oleg", "Ama", "Søren", "Lucía", "Wei", "Fatima", "Niamh", "Kofi", "Élodie", "Ravi", "Hana",
    "Piotr",
];

pub(crate) const LAST_NAMES: &[&str] = &[
    "Ruiz",
    "Okafor",
    "Lind",
    "Duarte",
    "Müller",
    "Tanaka",
    "O'Neill",
    "Novák",
    "Haddad",
    "Kimura",
    "van den Berg",
    "Sato",
    "Petrov",
    "Mensah",
    "Løvdal",
    "Iyer",
    "Schäfer",
    "Nguyen",
    "Castillo",
    "Ó Briain",
];

/// Companies that calls are held with; their e-mail domains are these in lower case, joined, under `.example`.
pub(crate) const CUSTOMERS: &[&str] = &[
    "Northwind Robotics",
    "Umbra Health",
    "Oursi Delta",
    "Cedar & Pine",
    "Lumen Freight",
    "Kestrel Bank",
    "Opal Foods",
    "Tidewater Energy",
    "Vela Studios",
    "Marigold Schools",
    "Atlas Parcel",
    "Quill Insurance",
];

pub(crate) const OCCASIONS: &[&str] = &[
    "discovery",
    "demo",
    "pricing",
    "weekly check-in",
    "renewal",
    "security review",
    "kick-off",
    "quarterly review",
];

pub(crate) const JOBS: &[&str] = &[
    "Account Executive",
    "Operations lead",
    "Head of Sales",
    "Buyer",
    "Chief of Staff",
    "Engineer",
];

pub(crate) const TOPICS: &[&str] = &[
    "Introductions",
    "Pricing",
    "Pilot",
    "Next steps",
    "Small talk",
];

/// Titles that try to break out of wherever they are printed.
pub(crate) const HOSTILE_TITLES: &[&str] = &[
    "@everyone please read",
    "::error file=a.rs,line=1::broken",
    "::set-output name=token::abc",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click here](https://evil.example) ![x](https://evil.example/x.png)",
    "fixes #1, see GH-2 and demo/demo#3",
    "` ``` code fences ``` `",
    "| table | break |\n|---|---|\n| a | b |",
    "# heading\n\n- list",
    "line one\r\nline two\u{2028}line three",
    "\u{202e}desrever\u{202c} \u{200b}\u{feff}\u{2066}isolated",
    "'; DROP TABLE calls; --",
    "=HYPERLINK(\"https://evil.example\")",
    "<!-- call-import:status:demo -->",
    "\u{1b}[31mred\u{1b}[0m \u{7} bell",
    "nul \u{0} inside",
    "👩‍👩‍👧‍👦 Z̸̢̛a̷l̶g̵o̸ ﷽",
    "${{ secrets.GITHUB_TOKEN }} $(id) %0Aescaped",
    "../../etc/passwd \\\\host\\share",
    "A title that never ends, never ends, never ends, never ends, never ends, never ends, never ends, \
     never ends, never ends, never ends, never ends, never ends, never ends, never ends, never ends, \
     never ends, never ends, never ends, never ends, never ends, never ends, never ends, never ends",
];

/// 256 words of a sales call, one for each byte, so that what is stored compresses about as real speech does.
pub(crate) static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| WORD_LIST.split_ascii_whitespace().collect());

const WORD_LIST: &str = "
the of and to a in that is for it on with as you are this be at from or have an they which one had
we but what all were when there can your use how each she do their if will up other about out many
then them these so some her would make like him into time has look two more go see number my quarter
budget pilot contract renewal pricing seat licence team manager rollout timeline security review
legal procurement invoice discount annual monthly platform integration dashboard report customer
account pipeline forecast deal stage opportunity prospect demo meeting agenda follow next step
question answer concern priority problem solution value benefit feature request roadmap release
support ticket training onboarding adoption usage champion decision committee approval signature
deadline holiday office region market segment growth revenue margin target quota bonus warehouse
shipment carrier driver route parcel pallet delivery stock order supplier factory machine sensor
robot software hardware network server cloud storage backup export import file spreadsheet column
field record history transcript recording notes summary email calendar phone screen slide share link
document version draft comment change update weekly yesterday tomorrow morning afternoon evening
soon later already maybe probably certainly really actually basically exactly definitely honestly
frankly great good fine perfect interesting important difficult easy possible different similar
better best worse cheaper faster slower bigger smaller early late think know feel believe understand
remember expect hope plan want need try help start stop finish send receive check confirm agree
discuss explain compare choose decide prefer avoid
";
