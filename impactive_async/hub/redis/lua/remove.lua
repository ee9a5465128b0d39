-- ARGV: feed
local feed = ARGV[1]
if redis.call('HEXISTS', STATES, feed) == 0 then return 0 end
local state = state_of(feed)
write('HINCRBY', META, 'gaps', string.format('%d', -state.gaps))
write('HDEL', STATES, feed)
write('HDEL', CURSORS, feed)
write('SREM', FAILING, feed)
for _, key in ipairs({SCHEDULE, LEASED, DEAD, PAUSED}) do write('ZREM', key, feed) end
apply()
return 1
