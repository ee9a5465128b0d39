-- ARGV: feed
local feed = ARGV[1]
if redis.call('ZREM', DEAD, feed) == 0 then return 0 end
local state = state_of(feed)
state.failures, state.error = 0, ''
keep(feed, state)
redis.call('ZADD', SCHEDULE, exact(now()), feed)
return 1
