-- ARGV: the lease of each claim that is asked for. Returns feed, cursor, token and failures of each that is to be had.
-- Feeds that have lost their cursors cannot be polled, and wait for discovery to add them again.
local claims, looked = {}, 0
repeat
  local some = redis.call('ZRANGEBYSCORE', SCHEDULE, '-inf', exact(NOW), 'LIMIT', looked, #ARGV - #claims)
  for _, feed in ipairs(some) do
    local cursor = redis.call('HGET', CURSORS, feed)
    if cursor then
      claims[#claims + 1] = {feed, cursor}
    else
      write('ZREM', SCHEDULE, feed)
      write('HDEL', STATES, feed)
      write('SREM', FAILING, feed)
    end
  end
  looked = looked + #some
until #some == 0 or #claims == #ARGV or looked >= #ARGV + 99
if #claims > 0 then
  -- A token is the time in microseconds, so that a server that has lost its data, or some of it, gives no token twice.
  local token = math.max(tonumber(redis.call('HGET', META, 'token') or '0'), math.floor(NOW * 1000000) - 1)
  for number, claim in ipairs(claims) do
    local feed, state = claim[1], state_of(claim[1])
    token = token + 1
    state.token = string.format('%.0f', token)
    state.again = nil
    local ends = exact(NOW + tonumber(ARGV[number]))
    keep(feed, state)
    write('ZADD', SCHEDULE, ends, feed)
    write('ZADD', LEASED, ends, feed)
    claim[3], claim[4] = state.token, state.failures
  end
  keep_time()
  write('HSET', META, 'token', string.format('%.0f', token))
end
apply()
return claims
