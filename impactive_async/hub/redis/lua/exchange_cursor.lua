-- ARGV: feed, cursor, the one to keep instead. Ends the lease, and makes the feed due.
-- Returns 1, also for the same call sent again; 0 if the cursor is another.
local feed, before, after = ARGV[1], ARGV[2], ARGV[3]
local kept = redis.call('HGET', CURSORS, feed)
if redis.call('HEXISTS', STATES, feed) == 0 then return 0 end
if kept == after then return 1 end
if kept ~= before then return 0 end
keep_time()
write('HSET', CURSORS, feed, after)
write('ZREM', LEASED, feed)
if redis.call('ZSCORE', SCHEDULE, feed) then write('ZADD', SCHEDULE, exact(NOW), feed) end
apply()
return 1
