-- ARGV: the lease of each claim that is asked for. Returns, for each that is to be had, "token failures feed" and the cursor.
-- Feeds that have lost their cursors cannot be polled, and wait for discovery to add them again.
local feeds, cursors, looked = {}, {}, 0
repeat
  local some = redis.call('ZRANGEBYSCORE', SCHEDULE, '-inf', exact(NOW), 'LIMIT', looked, #ARGV - #feeds)
  local found = #some > 0 and redis.call('HMGET', CURSORS, unpack(some)) or {}
  for place, feed in ipairs(some) do
    if found[place] then
      feeds[#feeds + 1] = feed
      cursors[#feeds] = found[place]
    else
      write('ZREM', SCHEDULE, feed)
      write('HDEL', STATES, feed)
      write('SREM', FAILING, feed)
    end
  end
  looked = looked + #some
until #some == 0 or #feeds == #ARGV or looked >= #ARGV + 99
local answer = {}
if #feeds > 0 then
  -- A token is the time in microseconds, so that a server that has lost its data, or some of it, gives no token twice.
  local token = math.max(tonumber(redis.call('HGET', META, 'token') or '0'), math.floor(NOW * 1000000) - 1)
  local states = redis.call('HMGET', STATES, unpack(feeds))
  for number, feed in ipairs(feeds) do
    local state = state_of(feed, states[number])
    token = token + 1
    state.token = string.format('%.0f', token)
    state.again = nil
    local ends = exact(NOW + tonumber(ARGV[number]))
    keep(feed, state)
    write_together('ZADD', SCHEDULE, ends, feed)
    write_together('ZADD', LEASED, ends, feed)
    answer[2 * number - 1] = string.format('%s %d ', state.token, tonumber(state.failures) or 0) .. feed
    answer[2 * number] = cursors[number]
  end
  keep_time()
  write('HSET', META, 'token', string.format('%.0f', token))
end
apply()
return answer
