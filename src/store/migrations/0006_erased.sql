-- key: platform, account. Everything of the account was removed, and no run brings it back.
CREATE TABLE erased (
    platform VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    erased_at TIMESTAMP NOT NULL,
    calls BIGINT NOT NULL,
    by_run VARCHAR NOT NULL
);

UPDATE record SET schema_version = 6;
