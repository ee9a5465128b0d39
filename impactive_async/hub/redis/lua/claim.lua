-- ARGV: lease. Returns feed, cursor, token, failures; or nothing.
-- Feeds that have lost their cursors cannot be polled, and wait for discovery to add them again.
local feed, cursor
for skipped = 0, 99 do
  feed = redis.call('ZRANGEBYSCORE', SCHEDULE, '-inf', exact(NOW), 'LIMIT', skipped, 1)[1]
  cursor = feed and redis.call('HGET', CURSORS, feed)
  if cursor or not feed then break end
  write('ZREM', SCHEDULE, feed)
  write('HDEL', STATES, feed)
  write('SREM', FAILING, feed)
end
if not cursor then
  apply()
  return false
end
local state = state_of(feed)
-- A token is the time in microseconds, so that a server that has lost its data, or some of it, gives no token twice.
local last = tonumber(redis.call('HGET', META, 'token') or '0')
state.token = string.format('%.0f', math.max(last + 1, math.floor(NOW * 1000000)))
local ends = exact(NOW + tonumber(ARGV[1]))
state.again = nil
keep_time()
write('HSET', META, 'token', state.token)
keep(feed, state)
write('ZADD', SCHEDULE, ends, feed)
write('ZADD', LEASED, ends, feed)
apply()
return {feed, cursor, state.token, state.failures}
