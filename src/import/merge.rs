//! What is kept when a source tells of a call again: a better answer replaces a worse one, never the
//! other way round.

use std::collections::HashMap;

use crate::model::{
    Affiliation, Call, CallKind, Media, MediaState, Participant, Precision, Role, Scope, Spoken,
    TranscriptState,
};

/// What a listing says about a call's transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// There is none.
    Nothing,
    /// It has to be asked for.
    Later,
    /// It came along, or came on its own.
    Here,
}

/// The state of a call's transcript after an answer. What is imported stays so; what was given up is
/// not asked for again; a call that is still asked for is not forgotten because one answer is silent.
pub(crate) const fn transcript_state(
    recorded: Option<TranscriptState>,
    says: Says,
) -> TranscriptState {
    match (recorded, says) {
        (Some(TranscriptState::Imported), _) | (_, Says::Here) => TranscriptState::Imported,
        (Some(TranscriptState::Unavailable), Says::Nothing | Says::Later) => {
            TranscriptState::Unavailable
        }
        (Some(TranscriptState::Pending), Says::Nothing | Says::Later)
        | (Some(TranscriptState::None) | None, Says::Later) => TranscriptState::Pending,
        (Some(TranscriptState::None) | None, Says::Nothing) => TranscriptState::None,
    }
}

/// A recorded transcript, as far as it matters for the next answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedTranscript {
    /// Its hash.
    pub(crate) content_hash: String,
    /// How many segments it has.
    pub(crate) segment_count: i64,
}

/// Whether a transcript is worth writing: it is new, or it differs and is not empty.
pub(crate) fn transcript_is_better(
    recorded: Option<&RecordedTranscript>,
    incoming: &Spoken,
) -> bool {
    match recorded {
        None => true,
        Some(recorded) if recorded.content_hash == incoming.content_hash() => false,
        Some(recorded) => !incoming.is_empty() || recorded.segment_count == 0,
    }
}

/// The call after another answer: what the new one says, and what was known where it says nothing.
///
/// Neither the transcript nor its state is part of this.
pub(crate) fn merged(recorded: &Call, incoming: Call) -> Call {
    let (started_at, started_at_precision) = better_start(recorded, &incoming);
    let (duration_ms, duration_source) = match incoming.duration_ms {
        Some(duration) => (Some(duration), incoming.duration_source),
        None => (recorded.duration_ms, recorded.duration_source),
    };
    let text = |new: Option<String>, old: &Option<String>| {
        new.filter(|text| !text.is_empty()).or_else(|| old.clone())
    };
    Call {
        external_id: incoming.external_id,
        title: text(incoming.title, &recorded.title),
        kind: known(incoming.kind, CallKind::Unknown, recorded.kind),
        direction: incoming.direction.or(recorded.direction),
        scope: match incoming.scope {
            None | Some(Scope::Unknown) => recorded.scope.or(incoming.scope),
            Some(scope) => Some(scope),
        },
        scheduled_start: incoming.scheduled_start.or(recorded.scheduled_start),
        started_at,
        started_at_precision,
        duration_ms,
        duration_source,
        language: text(incoming.language, &recorded.language),
        is_private: incoming.is_private.or(recorded.is_private),
        source_url: text(incoming.source_url, &recorded.source_url),
        meeting_url: text(incoming.meeting_url, &recorded.meeting_url),
        host: text(incoming.host, &recorded.host),
        summary: text(incoming.summary, &recorded.summary),
        participants: merged_participants(&recorded.participants, incoming.participants),
        crm_links: if incoming.crm_links.is_empty() {
            recorded.crm_links.clone()
        } else {
            incoming.crm_links
        },
        transcript: incoming.transcript,
        media: merged_media(&recorded.media, incoming.media),
        raw: text(incoming.raw, &recorded.raw),
    }
}

/// The calls of a page, each id once. Where an id comes twice, the one with the longer transcript counts, else the later
/// one, and the other fills what it is silent about.
pub(crate) fn each_call_once(calls: Vec<Call>) -> Vec<Call> {
    use crate::model::TranscriptContent::{Absent, Here, Pending};
    each_once(
        calls,
        |call| call.external_id.clone(),
        |call| match &call.transcript {
            Absent => 0,
            Pending => 1,
            Here(transcript) => 2 + transcript.bytes(),
        },
        |better, other| merged(&other, better),
    )
}

/// The transcripts of a page, each id once: the longer one, else the later one.
pub(crate) fn each_transcript_once(transcripts: Vec<(String, Spoken)>) -> Vec<(String, Spoken)> {
    each_once(
        transcripts,
        |(id, _)| id.clone(),
        |(_, spoken)| spoken.bytes(),
        |better, _| better,
    )
}

/// Each item once; `both` is given the one that is worth more, or came later, and the other.
fn each_once<T>(
    items: Vec<T>,
    id: impl Fn(&T) -> String,
    worth: impl Fn(&T) -> usize,
    both: impl Fn(T, T) -> T,
) -> Vec<T> {
    let mut places = HashMap::with_capacity(items.len());
    let mut kept: Vec<Option<T>> = Vec::with_capacity(items.len());
    for item in items {
        let place = *places.entry(id(&item)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(place) => {
                *place = match place.take() {
                    Some(earlier) if worth(&item) < worth(&earlier) => Some(both(earlier, item)),
                    Some(earlier) => Some(both(item, earlier)),
                    None => Some(item),
                };
            }
            None => kept.push(Some(item)),
        }
    }
    kept.into_iter().flatten().collect()
}

fn known<T: PartialEq>(incoming: T, unknown: T, recorded: T) -> T {
    if incoming == unknown {
        recorded
    } else {
        incoming
    }
}

/// The start that is known better; the new one if both are known as well.
fn better_start(recorded: &Call, incoming: &Call) -> (Option<jiff::Timestamp>, Precision) {
    const fn rank(call: &Call) -> u8 {
        if call.started_at.is_none() {
            return 0;
        }
        match call.started_at_precision {
            Precision::Unknown => 1,
            Precision::Day => 2,
            Precision::Scheduled => 3,
            Precision::Minute => 4,
            Precision::Exact => 5,
        }
    }
    let better = if rank(incoming) >= rank(recorded) {
        incoming
    } else {
        recorded
    };
    (better.started_at, better.started_at_precision)
}

/// The new list; where it tells of the same people in the same order, what it left out is filled in.
fn merged_participants(
    recorded: &[Participant],
    mut incoming: Vec<Participant>,
) -> Vec<Participant> {
    if incoming.is_empty() {
        return recorded.to_vec();
    }
    let same_people = incoming.len() == recorded.len()
        && incoming
            .iter()
            .zip(recorded)
            .all(|(new, old)| same_person(new, old));
    if same_people {
        for (new, old) in incoming.iter_mut().zip(recorded) {
            fill(&mut new.name, old.name.as_ref());
            fill(&mut new.email, old.email.as_ref());
            fill(&mut new.phone, old.phone.as_ref());
            fill(&mut new.title, old.title.as_ref());
            new.role = known(new.role, Role::Unknown, old.role);
            new.affiliation = known(new.affiliation, Affiliation::Unknown, old.affiliation);
            new.attended = new.attended.or(old.attended);
        }
    }
    incoming
}

/// Whether nothing speaks against it: no name, address or number that both tell differs.
fn same_person(new: &Participant, old: &Participant) -> bool {
    let agrees =
        |new: &Option<String>, old: &Option<String>| new.is_none() || old.is_none() || new == old;
    agrees(&new.name, &old.name) && agrees(&new.email, &old.email) && agrees(&new.phone, &old.phone)
}

fn fill(new: &mut Option<String>, old: Option<&String>) {
    if new.as_ref().is_none_or(String::is_empty) {
        *new = old.cloned();
    }
}

/// The new list; what became of a file stays with it, and a copy is known better than a platform tells.
fn merged_media(recorded: &[Media], mut incoming: Vec<Media>) -> Vec<Media> {
    if incoming.is_empty() {
        return recorded.to_vec();
    }
    for (new, old) in incoming.iter_mut().zip(recorded) {
        if old.state == MediaState::Stored {
            // The copy tells better what it is than a listing does.
            new.kind = old.kind;
        }
        if new.kind == old.kind {
            if old.state == MediaState::Stored {
                new.bytes = old.bytes.or(new.bytes);
                new.mime = old.mime.clone().or(new.mime.take());
            }
            new.bytes = new.bytes.or(old.bytes);
            new.duration_ms = new.duration_ms.or(old.duration_ms);
            fill(&mut new.mime, old.mime.as_ref());
            new.state = match old.state {
                MediaState::Listed => new.state,
                MediaState::Pending
                | MediaState::Stored
                | MediaState::Unavailable
                | MediaState::Failed => old.state,
            };
        }
    }
    incoming
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, DurationSource, Granularity, MediaKind, Segment, Transcript};

    #[test]
    fn a_transcript_never_falls_back() {
        use Says::{Here, Later, Nothing};
        use TranscriptState::{Imported, None as Absent, Pending, Unavailable};
        for (recorded, nothing, later) in [
            (None, Absent, Pending),
            (Some(Absent), Absent, Pending),
            (Some(Pending), Pending, Pending),
            (Some(Imported), Imported, Imported),
            (Some(Unavailable), Unavailable, Unavailable),
        ] {
            assert_eq!(transcript_state(recorded, Nothing), nothing, "{recorded:?}");
            assert_eq!(transcript_state(recorded, Later), later, "{recorded:?}");
            assert_eq!(transcript_state(recorded, Here), Imported, "{recorded:?}");
        }
    }

    fn transcript(texts: &[&str]) -> Spoken {
        let segment = |text: &&str| Segment {
            speaker: None,
            participant: None,
            start_ms: None,
            end_ms: None,
            text: (*text).to_owned(),
        };
        Transcript {
            source: "platform".into(),
            granularity: Granularity::Turn,
            language: None,
            segments: texts.iter().map(segment).collect(),
        }
        .into()
    }

    #[test]
    fn an_empty_transcript_replaces_only_another_empty_one() {
        let recorded = |segment_count| RecordedTranscript {
            content_hash: "old".into(),
            segment_count,
        };
        let (empty, short) = (transcript(&[]), transcript(&["Hi."]));
        let same = RecordedTranscript {
            content_hash: short.content_hash().to_owned(),
            segment_count: 9,
        };
        assert!(transcript_is_better(None, &empty));
        assert!(transcript_is_better(Some(&recorded(0)), &empty));
        assert!(!transcript_is_better(Some(&recorded(9)), &empty));
        assert!(transcript_is_better(Some(&recorded(9)), &short));
        assert!(!transcript_is_better(Some(&same), &short));
    }

    fn rich() -> Call {
        Call {
            title: Some("Renewal".into()),
            kind: CallKind::Phone,
            direction: Some(Direction::Inbound),
            scope: Some(Scope::External),
            started_at: Some(jiff::Timestamp::UNIX_EPOCH),
            started_at_precision: Precision::Exact,
            duration_ms: Some(5),
            duration_source: DurationSource::Media,
            participants: vec![person("Ada", Some("ada@acme.example"))],
            media: vec![Media {
                kind: MediaKind::Audio,
                mime: None,
                bytes: Some(3),
                duration_ms: None,
                state: MediaState::Stored,
            }],
            raw: Some("{}".into()),
            ..Call::new("1")
        }
    }

    fn person(name: &str, email: Option<&str>) -> Participant {
        Participant {
            name: Some(name.into()),
            email: email.map(str::to_owned),
            phone: None,
            title: None,
            role: Role::Host,
            affiliation: Affiliation::External,
            attended: Some(true),
        }
    }

    #[test]
    fn silence_takes_nothing_away() {
        assert_eq!(merged(&rich(), Call::new("1")), rich());
        let mut vague = Call::new("1");
        vague.title = Some(String::new());
        vague.scope = Some(Scope::Unknown);
        vague.started_at = Some(jiff::Timestamp::MAX);
        vague.started_at_precision = Precision::Day;
        vague.participants = vec![Participant {
            role: Role::Unknown,
            affiliation: Affiliation::Unknown,
            attended: None,
            ..person("Ada", None)
        }];
        vague.media = rich().media;
        vague.media[0].state = MediaState::Listed;
        vague.media[0].bytes = None;
        assert_eq!(merged(&rich(), vague.clone()), rich());
        // What we have a copy of is known better than the platform tells.
        vague.media[0].bytes = Some(1);
        assert_eq!(merged(&rich(), vague), rich());
    }

    #[test]
    fn what_is_told_anew_is_taken() {
        let mut new = Call::new("1");
        new.title = Some("Renewal, again".into());
        new.duration_ms = Some(6);
        new.duration_source = DurationSource::PlatformS;
        new.participants = vec![person("Bo", None)];
        let call = merged(&rich(), new.clone());
        assert_eq!(call.title, new.title);
        assert_eq!(
            (call.duration_ms, call.duration_source),
            (Some(6), DurationSource::PlatformS)
        );
        assert_eq!(call.participants, new.participants, "Bo is not Ada");
        assert_eq!(call.direction, rich().direction);
    }

    /// A listing that does not know of pictures has no recording copied a second time.
    #[test]
    fn a_copy_stays_what_it_is() {
        let media = |kind, state| Media {
            kind,
            mime: None,
            bytes: None,
            duration_ms: None,
            state,
        };
        let copied = [media(MediaKind::Audio, MediaState::Stored)];
        let told = vec![media(MediaKind::Video, MediaState::Listed)];
        assert_eq!(merged_media(&copied, told.clone()), copied);
        let asked = [media(MediaKind::Audio, MediaState::Pending)];
        assert_eq!(merged_media(&asked, told.clone()), told);
    }

    #[test]
    fn each_id_is_kept_once_where_it_came_first() {
        let spoken = |id: &str, texts: &[&str]| (id.to_owned(), transcript(texts));
        let kept = each_transcript_once(vec![
            spoken("a", &["one"]),
            spoken("b", &["x"]),
            spoken("a", &["longer"]),
            spoken("a", &[]),
        ]);
        assert_eq!(kept, [spoken("a", &["longer"]), spoken("b", &["x"])]);
        let mut later = Call::new("a");
        later.title = Some("later".into());
        assert_eq!(
            each_call_once(vec![Call::new("a"), later.clone()]),
            [later],
            "of two alike the later"
        );
    }
}
