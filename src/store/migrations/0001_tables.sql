-- Times are UTC; durations and offsets are milliseconds; unknown is NULL.
-- No keys, indexes, sequences or ON CONFLICT: what is unique is kept so by the single writer,
-- and the same statements work in a DuckDB file, in MotherDuck and in DuckLake.

-- key: request_id
CREATE TABLE imports (
    request_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    customer VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    phase VARCHAR NOT NULL,
    whose_turn VARCHAR NOT NULL,
    reason VARCHAR,
    calls_listed BIGINT NOT NULL,
    calls_imported BIGINT NOT NULL,
    calls_failed BIGINT NOT NULL,
    transcripts_imported BIGINT NOT NULL,
    transcripts_pending BIGINT NOT NULL,
    requests_sent BIGINT NOT NULL,
    requested_completion DATE,
    promised_completion DATE,
    expected_completion DATE,
    credential_fingerprint VARCHAR,
    pull_request BIGINT,
    first_seen_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP,
    failing_since TIMESTAMP,
    next_attempt_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL
);

-- key: platform, account, external_id
CREATE TABLE calls (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL,
    title VARCHAR,
    kind VARCHAR NOT NULL,
    direction VARCHAR,
    scope VARCHAR,
    scheduled_start TIMESTAMP,
    started_at TIMESTAMP,
    started_at_precision VARCHAR NOT NULL,
    duration_ms BIGINT,
    duration_source VARCHAR NOT NULL,
    language VARCHAR,
    is_private BOOLEAN,
    source_url VARCHAR,
    meeting_url VARCHAR,
    host VARCHAR,
    summary VARCHAR,
    participants STRUCT(
        name VARCHAR, email VARCHAR, phone VARCHAR, title VARCHAR,
        role VARCHAR, affiliation VARCHAR, attended BOOLEAN
    )[],
    crm_links STRUCT(system VARCHAR, object_type VARCHAR, object_id VARCHAR)[],
    transcript_state VARCHAR NOT NULL,
    media_state VARCHAR,
    raw VARCHAR USING COMPRESSION zstd,
    content_hash VARCHAR NOT NULL,
    first_imported_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL
);

-- key: platform, account, external_id
CREATE TABLE transcripts (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    granularity VARCHAR NOT NULL,
    language VARCHAR,
    segment_count BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL,
    imported_at TIMESTAMP NOT NULL
);

-- key: platform, account, external_id, idx (from 0); participant is the 1-based position in calls.participants
CREATE TABLE transcript_segments (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    idx BIGINT NOT NULL,
    speaker VARCHAR,
    participant BIGINT,
    start_ms BIGINT,
    end_ms BIGINT,
    text VARCHAR NOT NULL USING COMPRESSION zstd
);

-- key: platform, account, external_id, media_idx (from 0)
CREATE TABLE media (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    media_idx BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    mime VARCHAR,
    bytes BIGINT,
    duration_ms BIGINT,
    sha256 VARCHAR,
    stored_uri VARCHAR,
    state VARCHAR NOT NULL,
    fetched_at TIMESTAMP
);

-- key: request_id, external_id
CREATE TABLE call_failures (
    request_id VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    class VARCHAR NOT NULL,
    detail VARCHAR,
    attempts BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP
);

-- key: request_id, digest, window_from
CREATE TABLE checkpoints (
    request_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    window_from DATE NOT NULL,
    window_to DATE NOT NULL,
    cursor VARCHAR,
    listed BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    committed_at TIMESTAMP NOT NULL
);

-- key: run_id
CREATE TABLE runs (
    run_id VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    outcome VARCHAR,
    requests_sent BIGINT NOT NULL,
    calls_imported BIGINT NOT NULL,
    calls_failed BIGINT NOT NULL,
    version VARCHAR NOT NULL
);

-- key: request_id, run_id
CREATE TABLE attempts (
    request_id VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    outcome VARCHAR,
    failure_class VARCHAR,
    detail VARCHAR,
    calls_imported BIGINT NOT NULL,
    requests_sent BIGINT NOT NULL
);

-- key: notification_id
CREATE TABLE notifications (
    notification_id VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    delivered_at TIMESTAMP,
    remote_id VARCHAR
);

-- key: platform, account, class, bucket_start (a UTC hour)
CREATE TABLE api_usage (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    class VARCHAR NOT NULL,
    bucket_start TIMESTAMP NOT NULL,
    requests BIGINT NOT NULL
);

-- key: platform, account; sealed holds rotated OAuth tokens, encrypted to the recipients
CREATE TABLE credential_state (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    credential_fingerprint VARCHAR NOT NULL,
    sealed VARCHAR NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- one row; sequence is raised by every commit
CREATE TABLE record (
    schema_version BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    holder VARCHAR
);

INSERT INTO record VALUES (1, 0, 0, NULL);
