-- ARGV: feed
local feed = ARGV[1]
if not redis.call('ZSCORE', DEAD, feed) then return 0 end
local state = state_of(feed)
state.failures, state.error = 0, ''
keep(feed, state)
write('ZADD', SCHEDULE, exact(NOW), feed)
write('ZREM', DEAD, feed)
keep_time()
apply()
return 1
