-- Version 3: deliveries are counted, and there are dead letters.
--
-- What a group has not acknowledged is new, in flight (`until` is when it is delivered again), or dead.

ALTER TABLE deliveries
    ADD deliveries integer NOT NULL DEFAULT 0,
    ADD died timestamptz,
    ADD reason text NOT NULL DEFAULT '';
UPDATE deliveries SET deliveries = 1 WHERE until IS NOT NULL;

CREATE INDEX deliveries_new ON deliveries (name, seq) WHERE until IS NULL AND died IS NULL;
CREATE INDEX deliveries_in_flight ON deliveries (name, deliveries, seq) WHERE until IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (name, seq) WHERE died IS NOT NULL;

DROP FUNCTION IF EXISTS receive(integer, text, integer, double precision);
