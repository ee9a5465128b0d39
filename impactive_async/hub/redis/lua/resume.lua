-- ARGV: feed. Returns 0 if it is not paused. A feed that is leased is due when its lease ends.
local feed = ARGV[1]
if not redis.call('ZSCORE', PAUSED, feed) then return 0 end
local ends = tonumber(redis.call('ZSCORE', LEASED, feed) or '0')
keep_time()
write('ZREM', PAUSED, feed)
write('ZADD', SCHEDULE, exact(math.max(ends, NOW)), feed)
apply()
return 1
