-- ARGV: feed. Returns cursor, seconds until it is due or its lease ends, whether it is leased, failures, error, gaps, whether
-- it is dead, whether it is paused; nothing for a feed that the hub does not have.
local feed = ARGV[1]
if redis.call('HEXISTS', STATES, feed) == 0 then return false end
local state = state_of(feed)
local ends = tonumber(redis.call('ZSCORE', LEASED, feed) or '0')
local due = tonumber(redis.call('ZSCORE', SCHEDULE, feed) or exact(math.max(ends, NOW)))
return {
  redis.call('HGET', CURSORS, feed) or '', exact(due - NOW), ends > NOW and 1 or 0, state.failures, state.error, state.gaps,
  redis.call('ZSCORE', DEAD, feed) and 1 or 0, redis.call('ZSCORE', PAUSED, feed) and 1 or 0,
}
