-- The hub's schema, version 1. Created with `search_path` set to the hub's own schema, which every function keeps.
--
-- Each deed of a hub is one function, so one round trip: a client that freezes between two statements would hold its row
-- locks against everyone for as long as its connection lives. Time is `clock_timestamp()`, read after the lock was got;
-- `now()` is when the transaction began.

CREATE TABLE meta (version integer NOT NULL, workspace text);
INSERT INTO meta VALUES (1);

CREATE SEQUENCE tokens;

CREATE TABLE feeds (
    feed text PRIMARY KEY,
    cursor text NOT NULL,
    due timestamptz NOT NULL,            -- while leased: when the lease ends
    leased boolean NOT NULL DEFAULT false,
    token bigint NOT NULL DEFAULT 0,     -- of the newest claim
    settled bigint NOT NULL DEFAULT 0,   -- the newest claim that was ended by its holder
    committed bigint NOT NULL DEFAULT 0, -- the newest that was ended by a commit
    failures integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    gaps bigint NOT NULL DEFAULT 0,
    dead boolean NOT NULL DEFAULT false
);
CREATE INDEX feeds_due ON feeds (due) WHERE NOT dead;

-- All three 0: there is to be no limit; NULL: nobody has named one yet.
CREATE TABLE rate (
    arrival double precision NOT NULL,
    rate_limit double precision,
    rate_interval double precision,
    rate_tolerance double precision
);
INSERT INTO rate VALUES (0);

CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    event text NOT NULL,
    logged timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_logged ON outbox (logged);

CREATE TABLE groups (name text PRIMARY KEY);

-- What a group has not acknowledged. A commit writes one row for each group, so that consumers ask for rows that are
-- there and never for "all after number n": numbers are not committed in the order they are given out in.
CREATE TABLE deliveries (
    name text NOT NULL REFERENCES groups ON DELETE CASCADE,
    seq bigint NOT NULL REFERENCES outbox,  -- an event that someone waits for cannot be deleted
    until timestamptz,                      -- when it is delivered again; NULL: not delivered yet
    PRIMARY KEY (name, seq)
);
CREATE INDEX deliveries_seq ON deliveries (seq);


CREATE FUNCTION add(p_feed text, p_cursor text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO feeds (feed, cursor, due) VALUES (p_feed, p_cursor, clock_timestamp()) ON CONFLICT DO NOTHING
$$;


CREATE FUNCTION claim(p_lease double precision)
RETURNS TABLE (o_feed text, o_cursor text, o_token bigint, o_failures integer)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    -- In a variable, so that the search in the index ends there.
    v_now timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    UPDATE feeds SET token = nextval('tokens'), leased = true, due = v_now + make_interval(secs => p_lease)
    WHERE feed = (
        SELECT feed FROM feeds WHERE NOT dead AND due <= v_now ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING feed, cursor, token, failures;
END $$;


-- Locks the feed. True if this claim may be ended now, false if this very deed was done before, NULL if it is fenced.
CREATE FUNCTION may_settle(p_feed text, p_token bigint, p_cursor text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_feed feeds;
BEGIN
    SELECT * INTO v_feed FROM feeds WHERE feed = p_feed FOR UPDATE;
    IF p_cursor IS NULL AND v_feed.settled = p_token
       OR v_feed.committed = p_token AND v_feed.cursor = p_cursor THEN
        RETURN false;
    ELSIF v_feed.token = p_token AND v_feed.leased AND v_feed.due > clock_timestamp() THEN
        RETURN true;
    END IF;
    RETURN NULL;
END $$;


CREATE FUNCTION commit_claim(
    p_feed text, p_token bigint, p_cursor text, p_again_in double precision, p_gaps bigint, p_ids text[],
    p_events text[]
) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_may boolean := may_settle(p_feed, p_token, p_cursor);
    v_logged bigint[];
BEGIN
    IF NOT v_may THEN
        RETURN true;
    ELSIF v_may IS NULL THEN
        RETURN false;
    END IF;
    UPDATE feeds SET
        cursor = p_cursor, due = clock_timestamp() + make_interval(secs => p_again_in), gaps = gaps + p_gaps,
        settled = token, committed = token, leased = false, failures = 0, error = ''
    WHERE feed = p_feed;
    WITH logged AS (
        INSERT INTO outbox (id, event)
        SELECT id, event FROM unnest(p_ids, p_events) WITH ORDINALITY AS new (id, event, place) ORDER BY place
        ON CONFLICT (id) DO NOTHING
        RETURNING seq
    )
    SELECT array_agg(seq) INTO v_logged FROM logged;
    -- A statement of its own: it must see a group that `receive` has made while the one above waited for its lock.
    -- And it must not see one that is being dropped.
    INSERT INTO deliveries (name, seq)
    SELECT name, seq FROM (SELECT name FROM groups FOR KEY SHARE) AS present CROSS JOIN unnest(v_logged) AS seq;
    RETURN true;
END $$;


CREATE FUNCTION fail(p_feed text, p_token bigint, p_error text, p_again_in double precision) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_may boolean := may_settle(p_feed, p_token, NULL);
BEGIN
    IF v_may THEN
        UPDATE feeds SET
            due = clock_timestamp() + make_interval(secs => coalesce(p_again_in, 0)), dead = p_again_in IS NULL,
            error = p_error, failures = failures + 1, settled = token, leased = false
        WHERE feed = p_feed;
    END IF;
    RETURN v_may IS NOT NULL;
END $$;


CREATE FUNCTION release(p_feed text, p_token bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_may boolean := may_settle(p_feed, p_token, NULL);
BEGIN
    IF v_may THEN
        UPDATE feeds SET due = clock_timestamp(), settled = token, leased = false WHERE feed = p_feed;
    END IF;
    RETURN v_may IS NOT NULL;
END $$;


CREATE FUNCTION remove(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM feeds WHERE feed = p_feed;
    RETURN FOUND;
END $$;


CREATE FUNCTION list_feeds() RETURNS TABLE (o_feed text, o_error text)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT feed, CASE WHEN dead THEN error END FROM feeds
$$;


-- Records what is not recorded yet; returns both as they are now.
CREATE FUNCTION bind(
    p_workspace text, p_limit double precision, p_interval double precision, p_tolerance double precision
) RETURNS TABLE (o_workspace text, o_limit double precision)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE meta SET workspace = p_workspace WHERE workspace IS NULL;
    IF EXISTS (SELECT FROM meta WHERE workspace = p_workspace) THEN
        UPDATE rate SET rate_limit = p_limit, rate_interval = p_interval, rate_tolerance = p_tolerance
        WHERE rate_limit IS NULL;
    END IF;
    RETURN QUERY SELECT workspace, rate_limit FROM meta, rate;
END $$;


CREATE FUNCTION rebind(p_workspace text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE meta SET workspace = p_workspace
$$;


CREATE FUNCTION set_limit(p_limit double precision, p_interval double precision, p_tolerance double precision)
RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE rate SET rate_limit = p_limit, rate_interval = p_interval, rate_tolerance = p_tolerance
$$;


CREATE FUNCTION revive(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE feeds SET dead = false, failures = 0, error = '', due = clock_timestamp() WHERE feed = p_feed AND dead;
    RETURN FOUND;
END $$;


-- GCRA: the next theoretical arrival time, and the seconds to wait.
CREATE FUNCTION step(
    p_arrival double precision, p_interval double precision, p_tolerance double precision,
    OUT o_arrival double precision, OUT o_wait double precision
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now double precision := extract(epoch FROM clock_timestamp());
BEGIN
    o_arrival := least(greatest(p_arrival, v_now), v_now + p_tolerance + p_interval);
    o_wait := o_arrival - p_tolerance - v_now;
    IF o_wait <= 0 THEN
        o_arrival := o_arrival + p_interval;
        o_wait := 0;
    END IF;
END $$;


-- The arguments are for a hub that has no limit recorded.
CREATE FUNCTION permit(p_interval double precision, p_tolerance double precision) RETURNS double precision
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_rate rate;
    v_step record;
BEGIN
    SELECT * INTO v_rate FROM rate;
    IF coalesce(v_rate.rate_interval, p_interval, 0) = 0 THEN
        RETURN 0;
    END IF;
    SELECT * INTO v_rate FROM rate FOR UPDATE;
    v_step := step(
        v_rate.arrival, coalesce(v_rate.rate_interval, p_interval), coalesce(v_rate.rate_tolerance, p_tolerance)
    );
    IF v_step.o_wait = 0 THEN
        UPDATE rate SET arrival = v_step.o_arrival;
    END IF;
    RETURN v_step.o_wait;
END $$;


-- A new group waits for commits under way, and commits that come later wait for it: one of the two writes each delivery.
CREATE FUNCTION join_group(p_group text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO groups VALUES (p_group) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO deliveries (name, seq) SELECT p_group, seq FROM outbox;
    END IF;
END $$;


CREATE FUNCTION receive(p_group text, p_count integer, p_visibility double precision)
RETURNS TABLE (o_seq bigint, o_event text, o_redelivered boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM groups WHERE name = p_group) THEN
        PERFORM join_group(p_group);
    END IF;
    v_now := clock_timestamp();
    RETURN QUERY
    WITH taken AS (
        SELECT seq, until IS NOT NULL AS redelivered FROM deliveries
        WHERE name = p_group AND (until IS NULL OR until <= v_now)
        ORDER BY seq LIMIT p_count
        FOR UPDATE SKIP LOCKED
    ), given AS (
        UPDATE deliveries SET until = v_now + make_interval(secs => p_visibility)
        FROM taken WHERE deliveries.name = p_group AND deliveries.seq = taken.seq
        RETURNING deliveries.seq, taken.redelivered
    )
    SELECT seq, event, redelivered FROM given JOIN outbox USING (seq) ORDER BY seq;
END $$;


CREATE FUNCTION ack(p_group text, p_positions bigint[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM deliveries WHERE name = p_group AND seq = ANY (p_positions)
$$;


CREATE FUNCTION drop_group(p_group text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM groups WHERE name = p_group
$$;


CREATE FUNCTION trim_log(p_retention double precision) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_before timestamptz := clock_timestamp() - make_interval(secs => p_retention);
    v_deleted bigint;
BEGIN
    -- Not while a group joins: it would wait for events that are on their way out.
    LOCK TABLE outbox IN ROW EXCLUSIVE MODE;
    DELETE FROM outbox WHERE logged <= v_before
    AND NOT EXISTS (SELECT FROM deliveries WHERE deliveries.seq = outbox.seq);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    RETURN v_deleted;
END $$;


CREATE FUNCTION status(p_dead integer) RETURNS json
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_schedule json;
BEGIN
    SELECT json_build_object(
        'feeds', count(*),
        'leased', count(*) FILTER (WHERE leased AND due > v_now),
        'due', count(*) FILTER (WHERE NOT dead AND due <= v_now),
        'lag', extract(epoch FROM v_now - min(due) FILTER (WHERE NOT dead AND due <= v_now)),
        'failing', count(*) FILTER (WHERE NOT dead AND failures > 0),
        'gaps', coalesce(sum(gaps), 0),
        'dead_count', count(*) FILTER (WHERE dead),
        'dead', (
            SELECT coalesce(json_agg(json_build_array(d.feed, d.failures, d.error)), '[]')
            FROM (SELECT * FROM feeds WHERE dead ORDER BY feed LIMIT p_dead) AS d
        ),
        'events', (SELECT count(*) FROM outbox),
        'groups', (
            SELECT coalesce(json_agg(json_build_array(g.name, g.behind, g.in_flight)), '[]')
            FROM (
                SELECT name, count(seq) AS behind, count(until) AS in_flight
                FROM groups LEFT JOIN deliveries USING (name) GROUP BY name ORDER BY name
            ) AS g
        ),
        'workspace', (SELECT workspace FROM meta),
        'rate_limit', (SELECT rate_limit FROM rate),
        'rate_wait', coalesce(
            (SELECT (step(arrival, rate_interval, rate_tolerance)).o_wait FROM rate WHERE rate_interval > 0), 0
        )
    ) INTO v_schedule FROM feeds;
    RETURN v_schedule;
END $$;
