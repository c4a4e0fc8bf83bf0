-- One row for each participant of each call; position counts from 1, as transcript_segments.participant does.
CREATE VIEW participants AS
SELECT
    platform, account, external_id, position,
    participant.name AS name,
    participant.email AS email,
    participant.phone AS phone,
    participant.title AS title,
    participant.role AS role,
    participant.affiliation AS affiliation,
    participant.attended AS attended
FROM (
    SELECT
        platform, account, external_id,
        unnest(participants) AS participant,
        CAST(unnest(range(1, len(participants) + 1)) AS BIGINT) AS position
    FROM calls
);

-- How far each import is, for people who ask in SQL.
CREATE VIEW import_progress AS
SELECT
    request_id, customer, platform, account, phase, whose_turn, reason,
    calls_listed, calls_imported, calls_failed, transcripts_imported, transcripts_pending,
    CASE WHEN calls_listed > 0 THEN round(100.0 * calls_imported / calls_listed, 1) END AS percent_imported,
    requested_completion, promised_completion, expected_completion,
    expected_completion <= requested_completion AS in_time,
    next_attempt_at, finished_at, updated_at
FROM imports;

UPDATE record SET schema_version = 2;
