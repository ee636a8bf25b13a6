-- Journal, claims, marks and dead letters of the Google home. Every name is Culvert's own; nothing else belongs in this database.

CREATE TABLE connections (
    key              text COLLATE "C" PRIMARY KEY,
    name             text NOT NULL,
    version          bigint NOT NULL,
    position         bigint NOT NULL,
    changed          timestamptz NOT NULL,
    kind             text NOT NULL,
    status           text NOT NULL,
    summary          text NOT NULL,
    snapshot_version bigint NOT NULL
);
CREATE UNIQUE INDEX connections_by_change ON connections (position);
CREATE INDEX connections_by_status ON connections (status, position);

CREATE TABLE records (
    position bigint PRIMARY KEY,
    key      text COLLATE "C" NOT NULL,
    version  bigint NOT NULL,
    id       text NOT NULL,
    at       timestamptz NOT NULL,
    facts    bytea NOT NULL,
    snapshot bytea,
    UNIQUE (key, version)
);

-- The one row that every appending transaction locks first and holds until it has committed. So positions are given out in the order
-- of commits: who sees a position sees every smaller one, and a follower that goes by position misses nothing.
CREATE TABLE positions (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    last bigint NOT NULL
);
INSERT INTO positions (last) VALUES (0);

-- culvert_append tries each append by itself and answers one word each: landed, conflict, full or nosnapshot. It is one statement, so that
-- the lock above is never held across a round trip: a client that dies in the middle holds nobody up.
CREATE FUNCTION culvert_append(
    keys text[], names text[], afters bigint[], ids text[], kinds text[], statuses text[], summaries text[], facts bytea[],
    snapshots bytea[], admits boolean[], admitting boolean, snapshot_every bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    at      bigint;
    was     bigint;
    snapped bigint;
    now_at  timestamptz;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    SELECT last INTO at FROM positions FOR UPDATE;
    now_at := clock_timestamp();
    FOR i IN 1 .. coalesce(array_length(keys, 1), 0) LOOP
        SELECT version, snapshot_version INTO was, snapped FROM connections WHERE key = keys[i];
        IF NOT FOUND THEN
            was := 0;
            snapped := 0;
        END IF;
        IF was <> afters[i] THEN
            IF EXISTS (SELECT 1 FROM records WHERE key = keys[i] AND version = afters[i] + 1 AND id = ids[i]) THEN
                RETURN NEXT 'landed';
            ELSE
                RETURN NEXT 'conflict';
            END IF;
            CONTINUE;
        END IF;
        IF admits[i] AND NOT admitting THEN
            RETURN NEXT 'full';
            CONTINUE;
        END IF;
        IF was >= snapped + snapshot_every AND snapshots[i] IS NULL THEN
            RETURN NEXT 'nosnapshot';
            CONTINUE;
        END IF;
        at := at + 1;
        IF snapshots[i] IS NOT NULL THEN
            snapped := was + 1;
        END IF;
        INSERT INTO records (position, key, version, id, at, facts, snapshot)
            VALUES (at, keys[i], was + 1, ids[i], now_at, facts[i], snapshots[i]);
        INSERT INTO connections (key, name, version, position, changed, kind, status, summary, snapshot_version)
            VALUES (keys[i], names[i], was + 1, at, now_at, kinds[i], statuses[i], summaries[i], snapped)
            ON CONFLICT (key) DO UPDATE SET version = excluded.version, position = excluded.position, changed = excluded.changed,
                kind = excluded.kind, status = excluded.status, summary = excluded.summary, snapshot_version = excluded.snapshot_version;
        RETURN NEXT 'landed';
    END LOOP;
    UPDATE positions SET last = at WHERE last <> at;
    IF FOUND THEN
        PERFORM pg_notify('culvert_journal', '');
    END IF;
END $$;

CREATE TABLE claims (
    resource text COLLATE "C" PRIMARY KEY,
    version  bigint NOT NULL,
    record   text NOT NULL,
    holders  text[] NOT NULL
);
CREATE INDEX claims_by_holder ON claims USING gin (holders);

CREATE TABLE marks (
    command text COLLATE "C" PRIMARY KEY,
    worker  text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX marks_by_age ON marks (at);

-- culvert_mark tells whether this worker is the first to take the command. It does not wait for the disk: a mark that is lost in a power
-- failure only makes an undo wait longer.
CREATE FUNCTION culvert_mark(command text, worker text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO marks (command, worker) VALUES (culvert_mark.command, culvert_mark.worker) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

CREATE TABLE dead_letters (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin  text NOT NULL UNIQUE,
    subject text NOT NULL,
    reason  text NOT NULL,
    at      timestamptz NOT NULL,
    header  text NOT NULL,
    body    bytea NOT NULL
);
