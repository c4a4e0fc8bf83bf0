//! The record between two runs: saved as bundles, checked, taken back. Here with a folder; the real program
//! and its messages are in `program`, broken bundles in `damage`, whole nights in `nights`, a server of S3 in
//! `bucket`.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

pub(crate) mod bucket;
mod damage;
mod nights;
mod program;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use age::x25519::Identity;
use call_import_engine::{
    objects::Objects,
    secrets::{IDENTITY, Recipients, Secrets},
    state::{self, Home, Manifest, Restored, Saved, StateError, Wanted},
    store::{self, Store},
};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::store::fixtures::{CONTENT, Place, at, call, page, texts, transcript};

/// Somebody who can open what is saved.
pub(crate) struct Team(Vec<Identity>);

impl Team {
    pub(crate) fn of(members: usize) -> Self {
        Self((0..members).map(|_| Identity::generate()).collect())
    }

    pub(crate) fn recipients(&self) -> String {
        self.0
            .iter()
            .map(|member| format!("{}\n", member.to_public()))
            .collect()
    }

    /// The secret key of one of them, as it stands in the environment.
    pub(crate) fn identity(&self, member: usize) -> SecretString {
        let text = self.0[member].to_string();
        SecretString::from(text.expose_secret())
    }

    pub(crate) fn secrets(&self, member: usize) -> Secrets {
        let identity = self.identity(member);
        Secrets::new(move |name| (name == IDENTITY).then(|| identity.clone())).unwrap()
    }

    pub(crate) fn home(&self, folder: &Path) -> Home {
        let objects = Objects::open(folder.to_str().unwrap()).unwrap();
        Home::new(objects, Recipients::parse(&self.recipients()).unwrap())
    }
}

/// A folder for bundles, and who saves there.
struct Depot {
    folder: TempDir,
    team: Team,
}

impl Depot {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            team: Team::of(1),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> Home {
        self.team.home(self.folder.path())
    }

    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    fn manifest(&self, generation: i64) -> Manifest {
        let text = fs::read(self.path(&format!("manifest-{generation}.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Opens the record, saves it and closes it.
    async fn save(&self, database: &Path, run: &str) -> Result<Saved, StateError> {
        let store = open(database, run);
        let saved = state::save(&self.home(), &store, run, at(10)).await;
        store.close().await.unwrap();
        saved
    }

    async fn restore(&self, database: &Path) -> Result<Restored, StateError> {
        self.restore_as(database, Wanted::default()).await
    }

    async fn go_back(&self, database: &Path, generation: i64) -> Result<Restored, StateError> {
        let wanted = Wanted {
            init: false,
            generation: Some(generation),
        };
        self.restore_as(database, wanted).await
    }

    async fn restore_as(&self, database: &Path, wanted: Wanted) -> Result<Restored, StateError> {
        let home = self.home();
        let secrets = self.team.secrets(0);
        state::restore(home.objects(), &secrets, database, wanted, at(20)).await
    }
}

fn open(database: &Path, run: &str) -> Store {
    Store::open(database, run, "host.example", at(0)).unwrap()
}

/// A record with some calls in it.
async fn with_calls(place: &Place, ids: &[&str]) {
    let store = place.begun().await;
    commit(&store, ids).await;
    store.close().await.unwrap();
}

async fn commit(store: &Store, ids: &[&str]) {
    let mut page = page(ids.iter().map(|id| call(id)).collect());
    let spoken = transcript(&["Hello.", "We renew."]);
    page.transcripts = ids
        .iter()
        .map(|id| ((*id).to_owned(), spoken.clone().into()))
        .collect();
    store.commit_page(page).await.unwrap();
}

/// Adds calls to a record that knows its run.
async fn add_calls(database: &Path, run: &str, ids: &[&str]) {
    let store = open(database, run);
    commit(&store, ids).await;
    store.close().await.unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn content(database: &Path) -> Vec<Vec<String>> {
    let connection = duckdb::Connection::open(database).unwrap();
    let dump = |table: &&str| {
        texts(
            &connection,
            &format!("SELECT CAST(t AS VARCHAR) FROM {table} t ORDER BY ALL"),
        )
    };
    CONTENT.iter().map(dump).collect()
}

fn sql(database: &Path, statements: &str) {
    let connection = duckdb::Connection::open(database).unwrap();
    connection.execute_batch(statements).unwrap();
}

/// Generation and sequence of a record that nobody has open.
fn standing(database: &Path) -> (i64, i64) {
    let record = store::peek(database).unwrap().unwrap();
    (record.generation, record.sequence)
}

fn taken(restored: &Restored) -> i64 {
    match restored {
        Restored::Taken { generation, .. } => *generation,
        Restored::Kept { .. } | Restored::Beginning => panic!("{restored:?}"),
    }
}

#[tokio::test]
async fn what_was_saved_comes_back_whole_on_another_machine() {
    let (depot, here, there) = (Depot::new(), Place::new(), Place::new());
    with_calls(&here, &["1", "2"]).await;
    let saved = depot.save(&here.path(), "night-1").await.unwrap();
    assert_eq!(saved.generation, 1);
    assert_eq!(depot.names(), ["manifest-1.json", "record-1.age"]);
    assert_eq!(standing(&here.path()), (1, saved.sequence));
    assert_eq!(names(here.folder.path()), ["record.duckdb"]);

    let restored = depot.restore(&there.path()).await.unwrap();
    assert_eq!(taken(&restored), 1);
    assert_eq!(names(there.folder.path()), ["record.duckdb"]);
    assert_eq!(content(&there.path()), content(&here.path()));
    assert_eq!(standing(&there.path()), (1, saved.sequence));
    let mode = fs::metadata(there.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds calls of customers");

    let kept = Restored::Kept { generation: 1 };
    for place in [&here, &there] {
        assert_eq!(depot.restore(&place.path()).await.unwrap(), kept);
    }
    add_calls(&there.path(), "night-2", &["3"]).await;
    let saved = depot.save(&there.path(), "night-2").await.unwrap();
    assert_eq!(saved.generation, 2);

    // The first machine did nothing meanwhile, so it may go on from what the second one saved.
    let restored = depot.restore(&here.path()).await.unwrap();
    assert_eq!(taken(&restored), 2);
    assert_eq!(content(&here.path()), content(&there.path()));
    assert_eq!(names(here.folder.path()), ["record.duckdb"]);
}

#[tokio::test]
async fn a_manifest_says_what_must_be_there_and_nothing_secret() {
    let (depot, place) = (Depot::new(), Place::new());
    with_calls(&place, &["1", "2"]).await;
    depot.save(&place.path(), "night-1").await.unwrap();
    let manifest = fs::read_to_string(depot.path("manifest-1.json")).unwrap();
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{64}", "[hash]"),
        (r#""bytes": \d+"#, r#""bytes": [length]"#),
        (r"process \d+", "process [pid]"),
        (r#"("duckdb_version": )"v1\.5\.\d+""#, r#"$1"v1.5.[patch]""#),
    ]}, {
        insta::assert_snapshot!(manifest);
    });
    let sealed = fs::read(depot.path("record-1.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    for word in ["Northwind", "northwind", "We renew", "Ines"] {
        let found = sealed
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!found && !manifest.contains(word), "{word}");
    }
}

#[tokio::test]
async fn others_go_on_while_the_record_is_saved() {
    let (depot, place, there) = (Depot::new(), Place::new(), Place::new());
    let store = place.begun().await;
    commit(&store, &["1"]).await;
    let home = depot.home();
    let done = std::cell::Cell::new(false);
    let save = async {
        let saved = state::save(&home, &store, "night-1", at(1)).await;
        done.set(true);
        saved
    };
    let during = async {
        let mut calls = 1;
        while !done.get() {
            calls += 1;
            commit(&store, &[&calls.to_string()]).await;
        }
        commit(&store, &["last"]).await;
        calls + 1
    };
    let (saved, committed) = futures_util::join!(save, during);
    let saved = saved.unwrap();
    assert!(store.record().await.unwrap().sequence > saved.sequence);

    // The lock of the file is still there: to let go of it for the copy would let others in.
    let output = crate::support::program(place.folder.path())
        .args(["status", "--database", "record.duckdb"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    store.close().await.unwrap();

    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 1);
    let calls = |place: &Place| place.one::<i64>("SELECT count(*) FROM calls");
    assert_eq!(calls(&place), committed);
    assert!(calls(&there) < committed);
    // What was committed since is not saved, and is not thrown away.
    let kept = depot.restore(&place.path()).await.unwrap();
    assert_eq!(kept, Restored::Kept { generation: 1 });
    assert_eq!(
        depot
            .save(&place.path(), "night-1b")
            .await
            .unwrap()
            .generation,
        2
    );
}

#[tokio::test]
async fn of_two_runs_from_one_generation_the_first_wins() {
    let (depot, first, second) = (Depot::new(), Place::new(), Place::new());
    with_calls(&first, &["1"]).await;
    depot.save(&first.path(), "night-1").await.unwrap();
    depot.restore(&second.path()).await.unwrap();
    add_calls(&first.path(), "night-2a", &["2"]).await;
    add_calls(&second.path(), "night-2b", &["3"]).await;

    depot.save(&first.path(), "night-2a").await.unwrap();
    let before = standing(&second.path());
    let error = depot.save(&second.path(), "night-2b").await.unwrap_err();
    assert!(
        matches!(error, StateError::Faster { generation: 2, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
    assert_eq!(standing(&second.path()), before);
    assert_eq!(depot.manifest(2).run_id, "night-2a");
    assert_eq!(depot.names().len(), 4, "the loser leaves nothing");

    let error = depot.restore(&second.path()).await.unwrap_err();
    assert!(
        matches!(error, StateError::Diverged { newest: 2, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
    assert_eq!(second.one::<i64>("SELECT count(*) FROM calls"), 2);

    // The way that the message tells.
    let restored = depot.go_back(&second.path(), 2).await.unwrap();
    assert!(
        matches!(&restored, Restored::Taken { aside: Some(aside), next: 3, .. } if aside.exists()),
        "{restored:?}"
    );
    assert_eq!(content(&second.path()), content(&first.path()));
    add_calls(&second.path(), "night-3", &["3"]).await;
    assert_eq!(
        depot
            .save(&second.path(), "night-3")
            .await
            .unwrap()
            .generation,
        3
    );
}

#[tokio::test]
async fn two_that_save_at_the_same_moment_are_told_apart() {
    let (depot, first, second) = (Depot::new(), Place::new(), Place::new());
    with_calls(&first, &["1"]).await;
    depot.save(&first.path(), "night-1").await.unwrap();
    depot.restore(&second.path()).await.unwrap();
    let (here, there) = (first.path(), second.path());
    let saves = futures_util::join!(
        depot.save(&here, "night-2a"),
        depot.save(&there, "night-2b")
    );
    let (Ok(won), Err(lost)) = (match saves {
        (lost @ Err(_), won @ Ok(_)) => (won, lost),
        other => other,
    }) else {
        panic!("one and only one has saved");
    };
    assert_eq!(won.generation, 2);
    assert!(
        matches!(lost, StateError::Faster { generation: 2, .. }),
        "{lost}"
    );
    assert_eq!(
        taken(&depot.restore(&Place::new().path()).await.unwrap()),
        2
    );
}

#[tokio::test]
async fn a_run_that_was_killed_after_its_manifest_knows_its_bundle_again() {
    let (depot, place) = (Depot::new(), Place::new());
    with_calls(&place, &["1"]).await;
    depot.save(&place.path(), "night-1").await.unwrap();
    add_calls(&place.path(), "night-2", &["2"]).await;
    depot.save(&place.path(), "night-2").await.unwrap();
    // As it was an instant before the record learnt of the bundle.
    let holder = depot.manifest(2).holder;
    sql(
        &place.path(),
        &format!("UPDATE record SET generation = 1, holder = '{holder}'"),
    );
    let kept = depot.restore(&place.path()).await.unwrap();
    assert_eq!(kept, Restored::Kept { generation: 2 });
    assert_eq!(standing(&place.path()).0, 2);
    assert_eq!(
        depot
            .save(&place.path(), "night-3")
            .await
            .unwrap()
            .generation,
        3
    );
}

#[tokio::test]
async fn a_save_whose_answer_got_lost_is_no_other_run() {
    let (depot, place) = (Depot::new(), Place::new());
    let store = place.begun().await;
    let home = depot.home();
    state::save(&home, &store, "night-1", at(1)).await.unwrap();
    // As if the last answer had not come.
    store.saved_as(0).await.unwrap();
    commit(&store, &["1"]).await;
    let saved = state::save(&home, &store, "night-1", at(31)).await.unwrap();
    assert_eq!(saved.generation, 2);
    assert_eq!(store.record().await.unwrap().generation, 2);
    store.close().await.unwrap();
    assert_eq!(
        depot.restore(&place.path()).await.unwrap(),
        Restored::Kept { generation: 2 }
    );
}

#[tokio::test]
async fn what_a_killed_save_left_is_in_nobodys_way() {
    let (depot, place, there) = (Depot::new(), Place::new(), Place::new());
    with_calls(&place, &["1"]).await;
    fs::write(depot.path("record-1.age"), "half of a record").unwrap();
    for leftover in [".record.duckdb.saving", ".record.duckdb.saving.wal"] {
        fs::write(place.folder.path().join(leftover), "half of a copy").unwrap();
    }
    let beginning = depot.restore(&there.path()).await.unwrap_err();
    assert!(
        matches!(beginning, StateError::NoRecord { .. }),
        "no manifest, no bundle"
    );

    depot.save(&place.path(), "night-1").await.unwrap();
    let name = depot.manifest(1).record.name;
    assert!(name.starts_with("record-1-"), "{name}");
    assert_eq!(names(place.folder.path()), ["record.duckdb"]);
    fs::write(there.folder.path().join(".record.duckdb.restoring"), "half").unwrap();
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 1);
    assert_eq!(content(&there.path()), content(&place.path()));
    assert_eq!(names(there.folder.path()), ["record.duckdb"]);
}

#[tokio::test]
async fn a_save_that_fails_can_be_tried_again() {
    let (depot, place) = (Depot::new(), Place::new());
    with_calls(&place, &["1"]).await;
    let blocked = depot.path("kept");
    fs::write(&blocked, "in the way").unwrap();
    let home = depot.team.home(&blocked);
    let store = open(&place.path(), "night-1");
    let before = store.record().await.unwrap();
    let error = state::save(&home, &store, "night-1", at(1))
        .await
        .unwrap_err();
    assert!(error.may_pass() && error.exit_code() == 3, "{error}");
    assert_eq!(store.record().await.unwrap(), before);
    fs::remove_file(&blocked).unwrap();
    let saved = state::save(&home, &store, "night-1", at(31)).await.unwrap();
    assert_eq!(saved.generation, 1);
    store.close().await.unwrap();
    assert_eq!(standing(&place.path()), (1, before.sequence));
}

#[tokio::test]
async fn fourteen_generations_are_kept() {
    let (depot, place) = (Depot::new(), Place::new());
    with_calls(&place, &["1"]).await;
    let parts = |generation: i64| {
        [
            format!("manifest-{generation}.json"),
            format!("record-{generation}.age"),
        ]
    };
    let others = ["record-1-0a1b.age".to_owned(), "notes.txt".to_owned()];
    for name in (1..=13).flat_map(parts).chain(others) {
        fs::write(depot.path(&name), "not opened here").unwrap();
    }
    let store = open(&place.path(), "nights");
    store.saved_as(13).await.unwrap();
    let home = depot.home();
    for generation in 14..=16 {
        let saved = state::save(&home, &store, "nights", at(generation)).await;
        assert_eq!(saved.unwrap().generation, generation);
    }
    store.close().await.unwrap();
    let mut expected: Vec<String> = (3..=16).flat_map(parts).collect();
    expected.push("notes.txt".into());
    expected.sort();
    assert_eq!(depot.names(), expected);
}

#[tokio::test]
async fn going_back_to_an_older_generation_is_the_newest_step() {
    let (depot, place, there) = (Depot::new(), Place::new(), Place::new());
    with_calls(&place, &["1"]).await;
    depot.save(&place.path(), "night-1").await.unwrap();
    let first = content(&place.path());
    for (run, id) in [("night-2", "2"), ("night-3", "3")] {
        add_calls(&place.path(), run, &[id]).await;
        depot.save(&place.path(), run).await.unwrap();
    }

    let restored = depot.go_back(&place.path(), 1).await.unwrap();
    assert!(
        matches!(
            restored,
            Restored::Taken {
                generation: 1,
                next: 4,
                aside: Some(_),
                ..
            }
        ),
        "{restored:?}"
    );
    assert_eq!(content(&place.path()), first);
    let kept = depot.restore(&place.path()).await.unwrap();
    assert_eq!(kept, Restored::Kept { generation: 3 }, "nothing undoes it");
    let saved = depot.save(&place.path(), "back").await.unwrap();
    assert_eq!(saved.generation, 4);
    assert!(saved.sequence > depot.manifest(3).sequence);
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 4);
    assert_eq!(content(&there.path()), first);

    let error = depot.go_back(&there.path(), 9).await.unwrap_err();
    assert!(matches!(error, StateError::NoGeneration { .. }), "{error}");
    assert_eq!(
        error.to_string().split_once("; ").unwrap().1,
        "there are generations 1 to 4"
    );
}

#[tokio::test]
async fn each_member_of_the_team_can_restore_and_nobody_else() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let (team, strangers) = (Team::of(3), Team::of(1));
    with_calls(&place, &["1"]).await;
    let home = team.home(folder.path());
    let store = open(&place.path(), "night-1");
    state::save(&home, &store, "night-1", at(1)).await.unwrap();
    store.close().await.unwrap();
    for member in 0..3 {
        let there = Place::new();
        let secrets = team.secrets(member);
        home.check(&secrets).unwrap();
        let wanted = Wanted::default();
        state::restore(home.objects(), &secrets, &there.path(), wanted, at(2))
            .await
            .unwrap();
        assert_eq!(content(&there.path()), content(&place.path()));
    }
    let none = Secrets::new(|_| None).unwrap();
    let stranger = strangers.secrets(0);
    for (secrets, locked_out) in [(&none, false), (&stranger, true)] {
        let there = Place::new();
        let wanted = Wanted::default();
        let restored = state::restore(home.objects(), secrets, &there.path(), wanted, at(2)).await;
        let (checked, error) = (home.check(secrets).unwrap_err(), restored.unwrap_err());
        assert_eq!((checked.exit_code(), error.exit_code()), (3, 3));
        assert_eq!(
            matches!(checked, StateError::LockedOut),
            locked_out,
            "{checked}"
        );
        assert_eq!(
            matches!(error, StateError::WrongIdentity { .. }),
            locked_out,
            "{error}"
        );
        assert_eq!(names(there.folder.path()), [""; 0], "nothing is left");
    }
}
