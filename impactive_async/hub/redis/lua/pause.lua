-- ARGV: feed. Returns 0 if it is dead, paused already, or not there. A lease goes on.
local feed = ARGV[1]
if redis.call('HEXISTS', STATES, feed) == 0 then return 0 end
if redis.call('ZSCORE', DEAD, feed) or redis.call('ZSCORE', PAUSED, feed) then return 0 end
keep_time()
write('ZREM', SCHEDULE, feed)
write('ZADD', PAUSED, exact(NOW), feed)
apply()
return 1
