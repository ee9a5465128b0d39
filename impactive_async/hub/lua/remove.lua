-- ARGV: feed
local feed = ARGV[1]
local state = state_of(feed)
if not state then return 0 end
redis.call('HINCRBY', META, 'gaps', string.format('%d', -state.gaps))
redis.call('HDEL', FEEDS, feed)
redis.call('HDEL', CURSORS, feed)
for _, key in ipairs({SCHEDULE, LEASED, DEAD}) do redis.call('ZREM', key, feed) end
return 1
