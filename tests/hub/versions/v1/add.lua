-- ARGV: feed, cursor
local feed, cursor = ARGV[1], ARGV[2]
if redis.call('HEXISTS', FEEDS, feed) == 1 then return 0 end
keep(feed, {token = '', settled = '', committed = '', failures = 0, gaps = 0, error = ''})
redis.call('HSET', CURSORS, feed, cursor)
redis.call('ZADD', SCHEDULE, exact(now()), feed)
return 1
