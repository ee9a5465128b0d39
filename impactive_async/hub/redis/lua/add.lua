-- ARGV: feed, cursor
local feed, cursor = ARGV[1], ARGV[2]
if redis.call('HEXISTS', STATES, feed) == 1 then return 0 end
keep(feed, new_state())
-- A feed that has lost its state and not its cursor goes on from there.
if redis.call('HEXISTS', CURSORS, feed) == 0 then write('HSET', CURSORS, feed, cursor) end
write('ZADD', SCHEDULE, exact(NOW), feed)
keep_time()
apply()
return 1
