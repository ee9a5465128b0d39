-- ARGV: lease. Returns feed, cursor, token, failures; or nothing.
local t = now()
local feed = redis.call('ZRANGEBYSCORE', SCHEDULE, '-inf', exact(t), 'LIMIT', 0, 1)[1]
if not feed then return false end
local state = state_of(feed)
-- Tokens are moments, in microseconds: a server that has lost its data must not give one again.
local last = tonumber(redis.call('HGET', META, 'token') or '0')
state.token = string.format('%.0f', math.max(last + 1, math.floor(t * 1000000)))
redis.call('HSET', META, 'token', state.token)
keep(feed, state)
local ends = exact(t + tonumber(ARGV[1]))
redis.call('ZADD', SCHEDULE, ends, feed)
redis.call('ZADD', LEASED, ends, feed)
return {feed, redis.call('HGET', CURSORS, feed), state.token, state.failures}
