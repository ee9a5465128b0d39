-- The hub's functions. A plan knows neither how many rows are meant nor of which group, and a wrong one reads a million rows
-- where some are needed. So those that are meant are gathered into an array, not joined, and a group's rows are asked for in
-- the order of (name, seq), from a place on: no index but the one that begins with the name is of use for that.
--
-- Each upgrade replaces them, with `search_path` set to the hub's own schema, which every function keeps. The numbered files
-- beside this one make the tables, and drop functions that are no longer used.
--
-- Each method of a hub is one function, so one round trip: a client that froze between two statements would hold its row
-- locks for as long as its connection lives. Time is `clock_timestamp()`, read once the lock is held; `now()` would be
-- the time at which the transaction began.

-- A program of another version must not touch what it does not understand. The message is the hub's version.
CREATE OR REPLACE FUNCTION demand_version(p_version integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_version integer := (SELECT version FROM meta);
BEGIN
    IF v_version IS NULL THEN
        PERFORM restore_rows();
    ELSIF v_version <> p_version THEN
        RAISE EXCEPTION '%', v_version USING ERRCODE = 'HV001';
    END IF;
END $$;


-- Each statement must see what was committed before it: a commit would otherwise miss a group that has just joined.
CREATE OR REPLACE FUNCTION demand_isolation() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION '%', current_setting('transaction_isolation') USING ERRCODE = 'HV002';
    END IF;
END $$;


-- Makes the rows of `meta` and `rate` again, if somebody has deleted them. Returns what was lost, in words.
CREATE OR REPLACE FUNCTION restore_rows() RETURNS SETOF text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    LOCK TABLE meta, rate IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM meta) THEN
        INSERT INTO meta (version, clock, token_floor, newest) SELECT
            7, coalesce((SELECT max(logged) FROM outbox), '-infinity'), coalesce((SELECT max(token) FROM feeds), 0),
            coalesce((SELECT max(seq) FROM outbox), 0);
        RETURN NEXT 'its workspace and its time; the workers record them again';
    END IF;
    IF NOT EXISTS (SELECT FROM rate) THEN
        INSERT INTO rate VALUES (0);
        RETURN NEXT 'the rate limit; the workers record again what they know of it';
    END IF;
END $$;


-- The hub's time: the server's, but it never goes back. A clock that is put back by two hours, or a standby that takes
-- over with a slow one, would otherwise leave every feed due two hours from now.
CREATE OR REPLACE FUNCTION hub_time() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT coalesce((SELECT greatest(clock_timestamp() + ahead, clock) FROM meta), clock_timestamp())
$$;


-- Whether the newest event that was seen in the log is gone, and nobody has trimmed it.
CREATE OR REPLACE FUNCTION is_log_lost() RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM meta WHERE newest > trimmed AND NOT EXISTS (SELECT FROM outbox WHERE seq = newest))
$$;


-- The same, and saves it once a second, with the newest event of the log. Whoever finds the row locked leaves that to
-- the holder.
CREATE OR REPLACE FUNCTION keep_time() RETURNS timestamptz
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_server timestamptz := clock_timestamp();
    v_saved record;
    v_now timestamptz;
BEGIN
    SELECT clock, ahead INTO v_saved FROM meta;
    IF NOT FOUND THEN
        RETURN v_server;
    END IF;
    v_now := greatest(v_server + v_saved.ahead, v_saved.clock);
    IF v_now - v_server - v_saved.ahead > interval '2 seconds' THEN
        -- The latest time may have been a second later than the saved one.
        v_now := v_now + interval '1 second';
        v_saved.ahead := v_now - v_server;
    END IF;
    IF v_now > v_saved.clock + interval '0.99 seconds' THEN
        -- What shows that the log was lost stays as it is until `heal` has seen it.
        UPDATE meta SET
            clock = v_now, ahead = v_saved.ahead,
            newest = CASE WHEN is_log_lost() THEN newest ELSE greatest(newest, (SELECT max(seq) FROM outbox)) END
        WHERE ctid = (SELECT ctid FROM meta WHERE clock = v_saved.clock FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN v_now;
END $$;


-- Tokens are moments, in 1024ths of a microsecond, so that a server that has lost its last commits gives no token twice.
-- The sequence tells apart those of one microsecond.
CREATE OR REPLACE FUNCTION next_token(p_last bigint, p_now timestamptz) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT greatest(
        greatest(p_last, token_floor) + 1, (extract(epoch FROM p_now) * 1000000)::bigint * 1024 + nextval('tokens') % 1024
    ) FROM meta
$$;


CREATE OR REPLACE FUNCTION add(p_feed text, p_cursor text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO feeds (feed, cursor, due) VALUES (p_feed, p_cursor, keep_time()) ON CONFLICT DO NOTHING
$$;


-- Claims a feed for each lease, as many as are due.
CREATE OR REPLACE FUNCTION claim_some(p_version integer, p_leases double precision[])
RETURNS TABLE (o_feed text, o_cursor text, o_token bigint, o_failures integer, o_lease double precision)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    -- Variables, so that the search in the index ends at this time, and after so many.
    v_now timestamptz;
    v_count integer := cardinality(p_leases);
    v_feeds text[];
BEGIN
    PERFORM demand_version(p_version), demand_isolation();
    v_now := keep_time();
    v_feeds := ARRAY(
        SELECT feed FROM feeds WHERE NOT dead AND NOT paused AND due <= v_now ORDER BY due LIMIT v_count
        FOR UPDATE SKIP LOCKED
    );
    RETURN QUERY
    UPDATE feeds SET
        token = next_token(token, v_now), leased = true, poll_again = false,
        due = v_now + make_interval(secs => p_leases[array_position(v_feeds, feed)])
    WHERE feed = ANY (v_feeds)
    RETURNING feed, cursor, token, failures, p_leases[array_position(v_feeds, feed)];
END $$;


CREATE OR REPLACE FUNCTION claim(p_version integer, p_lease double precision)
RETURNS TABLE (o_feed text, o_cursor text, o_token bigint, o_failures integer)
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT o_feed, o_cursor, o_token, o_failures FROM claim_some(p_version, ARRAY[p_lease])
$$;


-- Locks the feed. Returns true if the claim is held, false if this very call was carried out before, NULL if fenced.
-- A commit names the cursor that its claim began from. Where the stored one is another, what lies between the two was
-- committed on a server whose last commits are lost, and nobody but the next claim can deliver it.
CREATE OR REPLACE FUNCTION may_settle(p_feed text, p_token bigint, p_began text, p_cursor text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_feed feeds;
BEGIN
    SELECT * INTO v_feed FROM feeds WHERE feed = p_feed FOR UPDATE;
    IF p_cursor IS NULL AND v_feed.settled = p_token
       OR v_feed.committed = p_token AND v_feed.cursor = p_cursor THEN
        RETURN false;
    ELSIF v_feed.token = p_token AND v_feed.leased AND v_feed.due > hub_time()
          AND (p_began IS NULL OR v_feed.cursor = p_began) THEN
        RETURN true;
    END IF;
    RETURN NULL;
END $$;


-- Commits several feeds, each of them once. Of each event `p_owners` has the place of its feed. Returns for each true if it
-- is committed now, false if this very call was carried out before, NULL if fenced; see `may_settle`.
CREATE OR REPLACE FUNCTION commit_some(
    p_feeds text[], p_tokens bigint[], p_began text[], p_cursors text[], p_again_in double precision[], p_gaps bigint[],
    p_owners integer[], p_ids text[], p_events text[]
) RETURNS boolean[]
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz;
    v_held boolean[];
    v_feeds text[];
    v_logged bigint[];
BEGIN
    PERFORM demand_isolation();
    PERFORM FROM feeds WHERE feed = ANY (p_feeds) ORDER BY feed FOR UPDATE;  -- all in the same order
    v_now := keep_time();
    -- OFFSET 0: each feed is looked up, and no table is read as a whole to be joined with a few rows.
    SELECT
        array_agg(CASE
            WHEN found.committed = one.token AND found.cursor = one.cursor THEN false
            WHEN found.token = one.token AND found.leased AND found.due > v_now AND found.cursor = one.began THEN true
        END ORDER BY place)
    INTO v_held
    FROM unnest(p_feeds, p_tokens, p_began, p_cursors) WITH ORDINALITY AS one (feed, token, began, cursor, place)
    LEFT JOIN LATERAL (SELECT * FROM feeds WHERE feeds.feed = one.feed OFFSET 0) AS found ON true;
    v_feeds := ARRAY(SELECT feed FROM unnest(p_feeds, v_held) AS one (feed, held) WHERE held);
    UPDATE feeds SET
        cursor = p_cursors[array_position(p_feeds, feed)], gaps = gaps + p_gaps[array_position(p_feeds, feed)],
        due = v_now + make_interval(
            secs => CASE WHEN poll_again THEN 0 ELSE p_again_in[array_position(p_feeds, feed)] END
        ),
        settled = token, committed = token, leased = false, failures = 0, error = ''
    WHERE feed = ANY (v_feeds);
    WITH logged AS (
        INSERT INTO outbox (id, event)
        SELECT id, event
        FROM unnest(p_owners, p_ids, p_events) WITH ORDINALITY AS new (owner, id, event, place)
        WHERE v_held[owner] ORDER BY place
        ON CONFLICT (id) DO NOTHING
        RETURNING seq
    )
    SELECT array_agg(seq) INTO v_logged FROM logged;
    -- A statement of its own, so that it sees a group that `receive` has made while the statement above waited for its
    -- lock. FOR KEY SHARE leaves out a group that is being dropped.
    INSERT INTO deliveries (name, seq)
    SELECT name, seq FROM (SELECT name FROM groups FOR KEY SHARE) AS present CROSS JOIN unnest(v_logged) AS seq;
    RETURN v_held;
END $$;


CREATE OR REPLACE FUNCTION commit_claim(
    p_feed text, p_token bigint, p_began text, p_cursor text, p_again_in double precision, p_gaps bigint, p_ids text[],
    p_events text[]
) RETURNS boolean
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT (commit_some(
        ARRAY[p_feed], ARRAY[p_token], ARRAY[p_began], ARRAY[p_cursor], ARRAY[p_again_in], ARRAY[p_gaps],
        array_fill(1, ARRAY[cardinality(p_ids)]), p_ids, p_events
    ))[1] IS NOT NULL
$$;


CREATE OR REPLACE FUNCTION fail(p_feed text, p_token bigint, p_error text, p_again_in double precision) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_may boolean := may_settle(p_feed, p_token, NULL, NULL);
BEGIN
    IF v_may THEN
        UPDATE feeds SET
            due = keep_time() + make_interval(secs => CASE WHEN poll_again THEN 0 ELSE coalesce(p_again_in, 0) END),
            dead = p_again_in IS NULL AND NOT paused, error = p_error, failures = failures + 1, settled = token, leased = false
        WHERE feed = p_feed;
    END IF;
    RETURN v_may IS NOT NULL;
END $$;


CREATE OR REPLACE FUNCTION release(p_feed text, p_token bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_may boolean := may_settle(p_feed, p_token, NULL, NULL);
BEGIN
    IF v_may THEN
        UPDATE feeds SET due = keep_time(), settled = token, leased = false WHERE feed = p_feed;
    END IF;
    RETURN v_may IS NOT NULL;
END $$;


CREATE OR REPLACE FUNCTION remove(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_token bigint;
BEGIN
    DELETE FROM feeds WHERE feed = p_feed RETURNING token INTO v_token;
    UPDATE meta SET token_floor = greatest(token_floor, v_token) WHERE v_token > 0;
    RETURN v_token IS NOT NULL;
END $$;


CREATE OR REPLACE FUNCTION feed_status(p_feed text) RETURNS TABLE (
    o_cursor text, o_due_in double precision, o_leased boolean, o_failures integer, o_error text, o_gaps bigint,
    o_dead boolean, o_paused boolean
)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT
        cursor, extract(epoch FROM due - hub_time())::double precision, leased AND due > hub_time(), failures, error, gaps,
        dead, paused
    FROM feeds WHERE feed = p_feed
$$;


-- Puts a cursor in the place of another, ends the lease, and makes the feed due. Returns whether the cursor is there now.
CREATE OR REPLACE FUNCTION exchange_cursor(p_feed text, p_before text, p_after text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE feeds SET cursor = p_after, due = keep_time(), leased = false WHERE feed = p_feed AND cursor = p_before;
    RETURN EXISTS (SELECT FROM feeds WHERE feed = p_feed AND cursor = p_after);
END $$;


-- Whoever has the feed finishes its poll.
CREATE OR REPLACE FUNCTION pause(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE feeds SET paused = true WHERE feed = p_feed AND NOT dead AND NOT paused;
    RETURN FOUND;
END $$;


CREATE OR REPLACE FUNCTION resume(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := keep_time();
BEGIN
    UPDATE feeds SET paused = false, due = CASE WHEN leased THEN greatest(due, v_now) ELSE v_now END
    WHERE feed = p_feed AND paused;
    RETURN FOUND;
END $$;


-- A feed that is leased is polled once more after that.
CREATE OR REPLACE FUNCTION poll_now(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := keep_time();
BEGIN
    UPDATE feeds SET poll_again = leased, due = CASE WHEN leased THEN greatest(due, v_now) ELSE v_now END
    WHERE feed = p_feed AND NOT dead AND NOT paused;
    RETURN FOUND;
END $$;


-- The next feeds by name.
CREATE OR REPLACE FUNCTION list_feeds(p_after text, p_count integer) RETURNS TABLE (o_feed text, o_error text)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT feed, CASE WHEN dead THEN error END FROM feeds WHERE feed > p_after ORDER BY feed LIMIT p_count
$$;


-- Records what is not recorded yet; returns what is recorded now.
CREATE OR REPLACE FUNCTION bind(
    p_workspace text, p_limit double precision, p_interval double precision, p_tolerance double precision
) RETURNS TABLE (o_workspace text, o_limit double precision)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM restore_rows();
    UPDATE meta SET workspace = p_workspace WHERE workspace IS NULL;
    IF EXISTS (SELECT FROM meta WHERE workspace = p_workspace) THEN
        UPDATE rate SET rate_limit = p_limit, rate_interval = p_interval, rate_tolerance = p_tolerance
        WHERE rate_limit IS NULL;
    END IF;
    RETURN QUERY SELECT workspace, rate_limit FROM meta, rate;
END $$;


CREATE OR REPLACE FUNCTION rebind(p_workspace text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE meta SET workspace = p_workspace
$$;


CREATE OR REPLACE FUNCTION set_limit(p_limit double precision, p_interval double precision, p_tolerance double precision)
RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE rate SET rate_limit = p_limit, rate_interval = p_interval, rate_tolerance = p_tolerance
$$;


CREATE OR REPLACE FUNCTION revive(p_feed text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE feeds SET dead = false, failures = 0, error = '', due = keep_time() WHERE feed = p_feed AND dead;
    RETURN FOUND;
END $$;


-- GCRA: returns the next theoretical arrival time and the seconds to wait.
CREATE OR REPLACE FUNCTION step(
    p_arrival double precision, p_interval double precision, p_tolerance double precision,
    OUT o_arrival double precision, OUT o_wait double precision
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now double precision := extract(epoch FROM hub_time());
BEGIN
    o_arrival := least(greatest(p_arrival, v_now), v_now + p_tolerance + p_interval);
    o_wait := o_arrival - p_tolerance - v_now;
    IF o_wait <= 0 THEN
        o_arrival := o_arrival + p_interval;
        o_wait := 0;
    END IF;
END $$;


-- The arguments count where no limit is recorded.
CREATE OR REPLACE FUNCTION permit(p_interval double precision, p_tolerance double precision) RETURNS double precision
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_rate rate;
    v_step record;
BEGIN
    SELECT * INTO v_rate FROM rate;
    IF NOT FOUND THEN
        PERFORM restore_rows();
    END IF;
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


-- A new group waits for commits under way, and later commits wait for the group, so that each delivery is written once.
-- It only notes where it starts; `catch_up` writes the rows of what was in the log before. Commits queue behind this lock,
-- so it is not waited for for long.
CREATE OR REPLACE FUNCTION join_group(p_group text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout TO '5s' AS $$
BEGIN
    LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO groups (name, start) SELECT p_group, coalesce(max(seq), 0) FROM outbox ON CONFLICT DO NOTHING;
END $$;


-- Writes a group rows for the next events that were in the log when it joined, as soon as it has taken the last ones.
CREATE OR REPLACE FUNCTION catch_up(p_group text, p_count integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_group groups;
    v_ready bigint;
    v_last bigint;
BEGIN
    SELECT * INTO v_group FROM groups WHERE name = p_group AND place < start FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT count(*) FILTER (WHERE seq <= v_group.place) INTO v_ready FROM (
        SELECT seq FROM deliveries
        WHERE (name, seq) >= (p_group, 0) AND name <= p_group AND until IS NULL AND died IS NULL
        ORDER BY name, seq LIMIT p_count
    ) AS ready;
    IF v_ready < p_count THEN
        WITH next AS (
            SELECT seq FROM outbox WHERE seq > v_group.place AND seq <= v_group.start ORDER BY seq LIMIT greatest(p_count, 500)
        )
        SELECT max(seq) INTO v_last FROM next;
        v_last := coalesce(v_last, v_group.start);
        -- A group whose own row was deleted still has some.
        INSERT INTO deliveries (name, seq)
        SELECT p_group, seq FROM outbox WHERE seq > v_group.place AND seq <= v_last ORDER BY seq ON CONFLICT DO NOTHING;
        DELETE FROM lost WHERE name = p_group AND seq > v_group.place AND seq <= v_last;  -- it gets them now
        UPDATE groups SET place = v_last WHERE name = p_group;
    END IF;
END $$;


-- Where an event is in the log, and when it got there: a server that has lost its last commits gives a number twice, and
-- an acknowledgement must not mean the event that got it the second time.
CREATE OR REPLACE FUNCTION position_of(p_seq bigint, p_logged timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT format('%s-%s', p_seq, (extract(epoch FROM p_logged) * 1000000)::bigint)
$$;


-- New events, the oldest first.
CREATE OR REPLACE FUNCTION take_new(p_group text, p_count integer, p_until timestamptz)
RETURNS TABLE (o_position text, o_event text, o_deliveries integer, o_redelivered boolean)
LANGUAGE sql SET search_path FROM CURRENT AS $$
    WITH given AS (
        UPDATE deliveries SET until = p_until, deliveries = 1
        WHERE name = p_group AND seq = ANY (ARRAY(
            SELECT seq FROM deliveries
            WHERE (name, seq) >= (p_group, 0) AND name <= p_group AND until IS NULL AND died IS NULL
            ORDER BY name, seq LIMIT p_count
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING seq
    )
    SELECT position_of(seq, logged), event, 1, false FROM given JOIN outbox USING (seq) ORDER BY seq
$$;


-- How often the events in flight were delivered. A million may have been delivered equally often: none is looked at twice.
CREATE OR REPLACE FUNCTION delivery_counts(p_group text) RETURNS SETOF integer
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH RECURSIVE counts AS (
        SELECT min(deliveries) AS count FROM deliveries WHERE name = p_group AND until IS NOT NULL
        UNION ALL
        SELECT (
            SELECT min(deliveries) FROM deliveries WHERE name = p_group AND until IS NOT NULL AND deliveries > count
        ) FROM counts WHERE count IS NOT NULL
    )
    SELECT count FROM counts WHERE count IS NOT NULL ORDER BY count
$$;


-- Makes dead letters of what is due again and was delivered too often.
CREATE OR REPLACE FUNCTION bury(p_group text, p_now timestamptz, p_most integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_count integer;
BEGIN
    FOR v_count IN SELECT count FROM delivery_counts(p_group) AS count WHERE count >= p_most LOOP
        UPDATE deliveries SET
            died = clock_timestamp(), until = NULL,
            reason = format('delivered %s times and never acknowledged', deliveries)
        WHERE name = p_group AND seq = ANY (ARRAY(
            SELECT seq FROM deliveries WHERE name = p_group AND deliveries = v_count AND until <= p_now
            LIMIT 500 FOR UPDATE SKIP LOCKED
        ));
    END LOOP;
END $$;


-- The event in flight that is due and was delivered least often.
CREATE OR REPLACE FUNCTION take_again(p_group text, p_now timestamptz, p_until timestamptz, p_most integer)
RETURNS TABLE (o_position text, o_event text, o_deliveries integer, o_redelivered boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM bury(p_group, p_now, p_most);
    FOR v_count IN SELECT count FROM delivery_counts(p_group) AS count WHERE p_most IS NULL OR count < p_most LOOP
        RETURN QUERY
        WITH taken AS (
            SELECT seq FROM deliveries WHERE name = p_group AND deliveries = v_count AND until <= p_now
            ORDER BY until, seq LIMIT 1
            FOR UPDATE SKIP LOCKED
        ), given AS (
            UPDATE deliveries SET until = p_until, deliveries = deliveries + 1
            FROM taken WHERE deliveries.name = p_group AND deliveries.seq = taken.seq
            RETURNING deliveries.seq, deliveries.deliveries
        )
        SELECT position_of(seq, logged), event, deliveries, true FROM given JOIN outbox USING (seq);
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;
END $$;


CREATE OR REPLACE FUNCTION receive(
    p_version integer, p_group text, p_count integer, p_visibility double precision, p_most integer
) RETURNS TABLE (o_position text, o_event text, o_deliveries integer, o_redelivered boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz;
    v_until timestamptz;
BEGIN
    PERFORM demand_version(p_version), demand_isolation();
    IF NOT EXISTS (SELECT FROM groups WHERE name = p_group) THEN
        PERFORM join_group(p_group);
        RETURN QUERY SELECT NULL::text, NULL::text, 0, false;  -- the lock is not held for anything else: call again
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM groups WHERE name = p_group AND moved IS NOT NULL) AND NOT move_on(p_group, 500) THEN
        RETURN;
    END IF;
    PERFORM catch_up(p_group, p_count);
    v_now := keep_time();
    v_until := v_now + make_interval(secs => p_visibility);
    RETURN QUERY SELECT * FROM take_new(p_group, p_count, v_until);
    IF NOT FOUND THEN
        RETURN QUERY SELECT * FROM take_again(p_group, v_now, v_until, p_most);
    END IF;
END $$;


-- The numbers of those positions at which the same event still is.
CREATE OR REPLACE FUNCTION numbers_of(p_positions text[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT seq FROM outbox
    WHERE seq = ANY (ARRAY(SELECT split_part(position, '-', 1)::bigint FROM unnest(p_positions) AS position))
    AND position_of(seq, logged) = ANY (p_positions)
$$;


-- Deletes rows of what a group has not acknowledged. What is deleted elsewhere is taken for lost; see `note_lost`. Returns how
-- many there were.
CREATE OR REPLACE FUNCTION forget(p_group text, p_some bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_count bigint;
BEGIN
    PERFORM set_config('impactive.own', 'on', true);
    DELETE FROM deliveries WHERE name = p_group AND seq = ANY (p_some);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM set_config('impactive.own', '', true);
    RETURN v_count;
END $$;


CREATE OR REPLACE FUNCTION ack(p_version integer, p_group text, p_positions text[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT demand_version(p_version);
    SELECT forget(p_group, ARRAY(SELECT numbers_of(p_positions)))
$$;


-- Makes an event a dead letter, unless it was acknowledged.
CREATE OR REPLACE FUNCTION reject(p_group text, p_position text, p_reason text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE deliveries SET died = clock_timestamp(), until = NULL, reason = p_reason
    WHERE name = p_group AND seq = ANY (ARRAY(SELECT numbers_of(ARRAY[p_position]))) AND died IS NULL
$$;


-- Lets a reader have a group to itself, unless another has it; returns whether it does.
CREATE OR REPLACE FUNCTION hold(p_version integer, p_group text, p_holder text, p_seconds double precision)
RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := keep_time();
BEGIN
    PERFORM demand_version(p_version);
    INSERT INTO holders AS held VALUES (p_group, p_holder, v_now + make_interval(secs => p_seconds))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE held.holder = excluded.holder OR held.until <= v_now;
    RETURN FOUND;
END $$;


CREATE OR REPLACE FUNCTION in_flight(p_group text, p_after text, p_count integer)
RETURNS TABLE (o_position text, o_event text, o_deliveries integer, o_again_in double precision)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT position_of(seq, logged), event, deliveries, extract(epoch FROM until - hub_time())::double precision
    FROM deliveries JOIN outbox USING (seq)
    WHERE (name, seq) > (p_group, split_part(p_after, '-', 1)::bigint) AND name <= p_group
    AND until IS NOT NULL
    ORDER BY name, seq LIMIT p_count
$$;


CREATE OR REPLACE FUNCTION postpone(
    p_group text, p_position text, p_seconds double precision, p_deliveries integer
) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE deliveries SET until = keep_time() + make_interval(secs => p_seconds), deliveries = p_deliveries
    WHERE name = p_group AND seq = ANY (ARRAY(SELECT numbers_of(ARRAY[p_position]))) AND until IS NOT NULL
$$;


CREATE OR REPLACE FUNCTION dead_letters(p_group text, p_count integer)
RETURNS TABLE (o_position text, o_event text, o_deliveries integer, o_reason text, o_since double precision)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT position_of(seq, logged), event, deliveries, reason, extract(epoch FROM died)::double precision
    FROM deliveries JOIN outbox USING (seq)
    WHERE (name, seq) >= (p_group, 0) AND name <= p_group AND died IS NOT NULL
    ORDER BY name, seq LIMIT p_count
$$;


-- The next dead letters of a group: those at the positions, or where there are none so many.
CREATE OR REPLACE FUNCTION letters_of(p_group text, p_positions text[], p_count integer) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT numbers_of(p_positions) WHERE p_positions IS NOT NULL
    UNION ALL (
        SELECT seq FROM deliveries
        WHERE (name, seq) >= (p_group, 0) AND name <= p_group AND died IS NOT NULL
        AND p_positions IS NULL
        ORDER BY name, seq LIMIT p_count
    )
$$;


-- Lets dead letters be delivered again. Returns how many.
CREATE OR REPLACE FUNCTION replay(p_group text, p_positions text[], p_count integer) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := hub_time();
    v_count bigint;
BEGIN
    UPDATE deliveries SET died = NULL, reason = '', deliveries = 0, until = v_now
    WHERE name = p_group AND died IS NOT NULL AND seq = ANY (ARRAY(SELECT letters_of(p_group, p_positions, p_count)));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;


CREATE OR REPLACE FUNCTION drop_letters(p_group text, p_positions text[], p_count integer) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT forget(p_group, ARRAY(
        SELECT seq FROM deliveries
        WHERE name = p_group AND died IS NOT NULL AND seq = ANY (ARRAY(SELECT letters_of(p_group, p_positions, p_count)))
    ))
$$;


-- Forgets so many events behind a place that a group has not acknowledged, and with the last ones the group. Returns the
-- place at which to go on; NULL: that was the last step.
CREATE OR REPLACE FUNCTION drop_group(p_group text, p_after bigint, p_count integer) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_some bigint[] := ARRAY(
        SELECT seq FROM deliveries WHERE (name, seq) > (p_group, p_after) AND name <= p_group ORDER BY name, seq LIMIT p_count
    );
BEGIN
    PERFORM forget(p_group, v_some);
    IF cardinality(v_some) = p_count THEN
        RETURN v_some[p_count];
    END IF;
    DELETE FROM groups WHERE name = p_group;  -- waits for commits under way, which may have written rows for it
    PERFORM forget(p_group, ARRAY(
        SELECT seq FROM deliveries WHERE (name, seq) > (p_group, p_after) AND name <= p_group
    ));
    RETURN NULL;
END $$;


-- The event with an id, or the first that was logged at a time or later: among the earliest of that time, as those of one
-- moment need not be logged in the order of their numbers.
CREATE OR REPLACE FUNCTION first_from(p_since double precision, p_event text) RETURNS SETOF outbox
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
    IF p_event IS NOT NULL THEN
        RETURN QUERY SELECT * FROM outbox WHERE id = p_event;
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM outbox WHERE seq = (
        SELECT min(seq) FROM (
            SELECT seq FROM outbox WHERE logged >= to_timestamp(p_since) ORDER BY logged LIMIT 1000
        ) AS earliest
    );
END $$;


-- Where a group would be moved to, and where it is: whether there is the group, and the event; its position; its number,
-- or that of the next one; and between which numbers the group has no rows yet for what was in the log when it joined.
CREATE OR REPLACE FUNCTION look_for(
    p_group text, p_since double precision, p_event text, OUT o_group boolean, OUT o_event boolean, OUT o_position text,
    OUT o_place bigint, OUT o_had bigint, OUT o_start bigint
)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    v_first outbox;
BEGIN
    SELECT place, start INTO o_had, o_start FROM groups WHERE name = p_group;
    o_group := FOUND;
    SELECT * INTO v_first FROM first_from(p_since, p_event);
    o_event := FOUND OR p_event IS NULL;
    o_position := CASE WHEN v_first.seq IS NOT NULL THEN position_of(v_first.seq, v_first.logged) END;
    o_place := coalesce(v_first.seq, (SELECT max(seq) + 1 FROM outbox), greatest(o_start, o_had) + 1);
END $$;


-- Moves a group in the log. Commits and groups that join wait for it. What is from there on is written rows for in steps, as
-- for a group that is new, once `move_on` has deleted the rows that the group had; until then it gets nothing. Returns the
-- position of the event that it gets next.
CREATE OR REPLACE FUNCTION begin_move(p_version integer, p_group text, p_since double precision, p_event text)
RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout TO '5s' AS $$
DECLARE
    v_found record;
BEGIN
    PERFORM demand_version(p_version), demand_isolation();
    LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE;
    v_found := look_for(p_group, p_since, p_event);
    IF v_found.o_group AND v_found.o_event THEN
        UPDATE groups SET
            place = v_found.o_place - 1, start = coalesce((SELECT max(seq) FROM outbox), 0), moved = 0
        WHERE name = p_group;
    END IF;
    RETURN v_found.o_position;
END $$;


-- Deletes so many rows of what a group had before it was moved; dead letters of before the place stay. Whoever uses the
-- group does so, so that nobody depends on the one who began. Returns whether that was all.
CREATE OR REPLACE FUNCTION move_on(p_group text, p_count integer) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_group groups;
    v_looked record;
BEGIN
    SELECT * INTO v_group FROM groups WHERE name = p_group AND moved IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    SELECT
        array_agg(seq) FILTER (WHERE seq <= v_group.start AND (died IS NULL OR seq > v_group.place)) AS old,
        count(*) = p_count AND max(seq) < v_group.start AS more, max(seq) AS last
    INTO v_looked FROM (
        SELECT seq, died FROM deliveries WHERE (name, seq) > (p_group, v_group.moved) AND name <= p_group
        ORDER BY name, seq LIMIT p_count
    ) AS looked;
    PERFORM forget(p_group, v_looked.old);
    UPDATE groups SET moved = CASE WHEN v_looked.more THEN v_looked.last END WHERE name = p_group;
    RETURN NOT v_looked.more;
END $$;


-- Looks at so many events of the log behind a place, and deletes those that are old and that nobody waits for.
-- Returns how many were deleted, and the place at which to go on; NULL: that was the last old one.
CREATE OR REPLACE FUNCTION trim_log(
    p_retention double precision, p_place bigint, p_count integer, OUT o_deleted bigint, OUT o_place bigint
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_before timestamptz := clock_timestamp() - make_interval(secs => p_retention);
    v_looked record;
    v_old bigint[];
    v_newest bigint;
BEGIN
    -- Not while a group joins: the group would get deliveries of events that are being deleted.
    LOCK TABLE outbox IN ROW EXCLUSIVE MODE;
    -- By number alone: asked for the time as well, a plan may read all of its index in each step.
    SELECT
        count(*) AS number, max(seq) AS last, min(logged) AS oldest, array_agg(seq) FILTER (WHERE logged <= v_before) AS old
    INTO v_looked
    FROM (SELECT seq, logged FROM outbox WHERE seq > p_place ORDER BY seq LIMIT p_count) AS looked;
    -- OFFSET 0: each event is looked up, and no table is read as a whole to be joined with a few rows.
    v_old := ARRAY(
        SELECT seq FROM unnest(v_looked.old) AS seq
        WHERE NOT EXISTS (SELECT FROM deliveries WHERE deliveries.seq = seq.seq OFFSET 0)
        AND NOT EXISTS (SELECT FROM groups WHERE place < seq.seq AND seq.seq <= start OFFSET 0)  -- still to get rows
        AND NOT EXISTS (SELECT FROM lost WHERE lost.seq = seq.seq OFFSET 0)
    );
    DELETE FROM outbox WHERE seq = ANY (v_old);
    GET DIAGNOSTICS o_deleted = ROW_COUNT;
    v_newest := (SELECT max(seq) FROM unnest(v_old) AS seq);
    UPDATE meta SET trimmed = greatest(trimmed, v_newest) WHERE trimmed < v_newest;
    IF v_looked.number = p_count AND v_looked.oldest <= v_before THEN
        o_place := v_looked.last;
    END IF;
END $$;


-- Finds what somebody has deleted of what belongs together, and mends what can be mended. Returns the losses, in words.
-- Where the log is lost, all feeds begin anew, so that consumers get what the API still shows.
CREATE OR REPLACE FUNCTION heal() RETURNS SETOF text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    v_newest bigint := (SELECT coalesce(max(seq), 0) FROM outbox);
BEGIN
    RETURN QUERY SELECT restore_rows();
    IF is_log_lost() THEN
        UPDATE meta SET
            newest = v_newest, token_floor = greatest(token_floor, (SELECT max(token) FROM feeds));
        DELETE FROM feeds;
        RETURN NEXT
            'the log, with what consumers had not handled; all feeds are followed from their beginning';
    END IF;
END $$;


-- Notes what somebody deletes of what groups have not acknowledged; the hub's own functions say that it is them.
CREATE OR REPLACE FUNCTION note_lost() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO lost SELECT seq, name, deliveries, died, reason FROM deliveries ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO lost SELECT seq, name, deliveries, died, reason FROM gone ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER rows_deleted AFTER DELETE ON deliveries REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT WHEN (current_setting('impactive.own', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION note_lost();

CREATE OR REPLACE TRIGGER rows_truncated BEFORE TRUNCATE ON deliveries
FOR EACH STATEMENT WHEN (current_setting('impactive.own', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION note_lost();


-- Gives groups so many of their rows back that somebody has deleted. One that has lost its own row, and so what was
-- committed since, gets the whole log. Returns the groups, and how many rows each got; NULL for the whole log.
CREATE OR REPLACE FUNCTION restore_deliveries(p_count integer) RETURNS TABLE (o_group text, o_rows bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    o_group := '';
    LOOP
        SELECT name INTO o_group FROM deliveries WHERE name > o_group ORDER BY name LIMIT 1;
        EXIT WHEN NOT FOUND;
        IF NOT EXISTS (SELECT FROM groups WHERE name = o_group) THEN
            PERFORM join_group(o_group);
            RETURN NEXT;
        END IF;
    END LOOP;
    FOR o_group IN SELECT DISTINCT name FROM (SELECT name FROM lost LIMIT p_count) AS first ORDER BY name LOOP
        IF NOT EXISTS (SELECT FROM groups WHERE name = o_group) THEN
            PERFORM join_group(o_group);
            o_rows := NULL;
            RETURN NEXT;
        ELSE
            PERFORM FROM groups WHERE name = o_group FOR NO KEY UPDATE;
            WITH taken AS (
                DELETE FROM lost
                WHERE (seq, name) IN (SELECT seq, name FROM lost WHERE name = o_group ORDER BY seq LIMIT p_count)
                RETURNING *
            ), given AS (
                -- What `catch_up` will write rows for needs none, nor what was left behind when the group was moved.
                INSERT INTO deliveries (name, seq, deliveries, died, reason)
                SELECT taken.name, taken.seq, taken.deliveries, taken.died, taken.reason
                FROM taken JOIN outbox USING (seq) JOIN groups ON groups.name = o_group
                WHERE NOT (seq > place AND seq <= start) AND NOT (seq <= start AND moved IS NOT NULL AND taken.died IS NULL)
                ON CONFLICT DO NOTHING
                RETURNING seq
            )
            SELECT count(*) INTO o_rows FROM given;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;


-- A hub's status is counted in steps. Each function looks at so many rows behind a place, and returns the place at which to
-- go on; NULL: that was the last.

CREATE OR REPLACE FUNCTION count_feeds(
    p_listed integer, p_after text, p_count integer, OUT o_feeds bigint, OUT o_leased bigint, OUT o_due bigint,
    OUT o_lag double precision, OUT o_failing bigint, OUT o_gaps bigint, OUT o_dead_count bigint, OUT o_dead json,
    OUT o_paused_count bigint, OUT o_paused json, OUT o_after text
)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := hub_time();
BEGIN
    WITH looked AS MATERIALIZED (
        SELECT feed, due, leased, dead, paused, failures, gaps, CASE WHEN dead THEN error END AS error
        FROM feeds WHERE feed > p_after ORDER BY feed LIMIT p_count
    )
    SELECT
        count(*), count(*) FILTER (WHERE leased AND due > v_now),
        count(*) FILTER (WHERE NOT dead AND NOT paused AND due <= v_now),
        extract(epoch FROM v_now - min(due) FILTER (WHERE NOT dead AND NOT paused AND due <= v_now)),
        count(*) FILTER (WHERE NOT dead AND failures > 0), coalesce(sum(gaps), 0), count(*) FILTER (WHERE dead),
        (
            SELECT coalesce(json_agg(json_build_array(d.feed, d.failures, d.error)), '[]')
            FROM (SELECT * FROM looked WHERE dead ORDER BY feed LIMIT p_listed) AS d
        ),
        count(*) FILTER (WHERE paused),
        (
            SELECT coalesce(json_agg(p.feed), '[]')
            FROM (SELECT feed FROM looked WHERE paused ORDER BY feed LIMIT p_listed) AS p
        ),
        CASE WHEN count(*) = p_count THEN max(feed) END
    INTO o_feeds, o_leased, o_due, o_lag, o_failing, o_gaps, o_dead_count, o_dead, o_paused_count, o_paused, o_after
    FROM looked;
END $$;


CREATE OR REPLACE FUNCTION count_log(
    p_to bigint, p_after bigint, p_count integer, OUT o_events bigint, OUT o_after bigint
)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT count(*), CASE WHEN count(*) = p_count THEN max(seq) END
    FROM (SELECT seq FROM outbox WHERE seq > p_after AND seq <= p_to ORDER BY seq LIMIT p_count) AS looked
$$;


CREATE OR REPLACE FUNCTION count_deliveries(
    p_group text, p_before bigint, p_after bigint, p_count integer, OUT o_behind bigint, OUT o_in_flight bigint,
    OUT o_dead bigint, OUT o_first bigint, OUT o_after bigint
)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT
        count(*) FILTER (WHERE seq < p_before AND died IS NULL), count(*) FILTER (WHERE seq < p_before AND until IS NOT NULL),
        count(*) FILTER (WHERE seq < p_before AND died IS NOT NULL), min(seq) FILTER (WHERE died IS NULL),
        CASE WHEN count(*) = p_count AND max(seq) < p_before THEN max(seq) END
    FROM (
        SELECT seq, until, died FROM deliveries WHERE (name, seq) > (p_group, p_after) AND name <= p_group
        ORDER BY name, seq LIMIT p_count
    ) AS looked
$$;


-- How many seconds ago the first of these events was logged, and of those that a group has no rows for yet.
CREATE OR REPLACE FUNCTION age_of(p_first bigint, p_place bigint, p_start bigint) RETURNS double precision
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT extract(epoch FROM hub_time() - logged)::double precision FROM outbox
    WHERE seq = least(p_first, (SELECT min(seq) FROM outbox WHERE seq > p_place AND seq <= p_start))
$$;


-- What of a hub's status needs no counting.
CREATE OR REPLACE FUNCTION summary() RETURNS json
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT json_build_object(
        'groups', (SELECT coalesce(json_agg(json_build_array(name, place, start) ORDER BY name), '[]') FROM groups),
        'workspace', (SELECT workspace FROM meta),
        'rate_limit', (SELECT rate_limit FROM rate),
        'rate_wait', coalesce(
            (SELECT (step(arrival, rate_interval, rate_tolerance)).o_wait FROM rate WHERE rate_interval > 0), 0
        )
    )
$$;


-- What programs of version 1 call, which know neither the hub's time nor the cursor that a claim began from.

CREATE OR REPLACE FUNCTION upgraded() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    RAISE EXCEPTION 'this hub was upgraded: upgrade impactive-async';
END $$;


CREATE OR REPLACE FUNCTION claim(p_lease double precision)
RETURNS TABLE (o_feed text, o_cursor text, o_token bigint, o_failures integer)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM upgraded();
END $$;


CREATE OR REPLACE FUNCTION commit_claim(
    p_feed text, p_token bigint, p_cursor text, p_again_in double precision, p_gaps bigint, p_ids text[],
    p_events text[]
) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM upgraded();
END $$;


CREATE OR REPLACE FUNCTION receive(p_group text, p_count integer, p_visibility double precision)
RETURNS TABLE (o_seq bigint, o_event text, o_redelivered boolean)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM upgraded();
END $$;


CREATE OR REPLACE FUNCTION ack(p_group text, p_positions bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM upgraded();
END $$;
