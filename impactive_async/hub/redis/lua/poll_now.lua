-- ARGV: feed. Returns 0 if it is dead, paused, or not there. A feed that is leased is polled once more after that.
local feed = ARGV[1]
if not redis.call('ZSCORE', SCHEDULE, feed) then return 0 end
local ends = tonumber(redis.call('ZSCORE', LEASED, feed) or '0')
keep_time()
if ends > NOW then
  local state = state_of(feed)
  state.again = true
  keep(feed, state)
else
  write('ZADD', SCHEDULE, exact(NOW), feed)
end
apply()
return 1
