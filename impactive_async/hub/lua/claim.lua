-- ARGV: lease. Returns feed, cursor, token, failures; or nothing.
local t = now()
local feed = redis.call('ZRANGEBYSCORE', SCHEDULE, '-inf', exact(t), 'LIMIT', 0, 1)[1]
if not feed then return false end
local state = state_of(feed)
state.token = redis.call('HINCRBY', META, 'token', 1)
keep(feed, state)
local ends = exact(t + tonumber(ARGV[1]))
redis.call('ZADD', SCHEDULE, ends, feed)
redis.call('ZADD', LEASED, ends, feed)
return {feed, redis.call('HGET', CURSORS, feed), state.token, state.failures}
