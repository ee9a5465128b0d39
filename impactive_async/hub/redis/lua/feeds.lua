-- ARGV: where to go on ('0' = begin). Returns where ('0' = that was all), and of each feed its name, with '' for a live one
-- or an error of a dead one behind it.
local STEP = 250
local found = redis.call('HSCAN', STATES, ARGV[1], 'COUNT', STEP)
local feeds = {}
for i = 1, #found[2], 2 do
  local feed = found[2][i]
  feeds[#feeds + 1] = feed
  feeds[#feeds + 1] = redis.call('ZSCORE', DEAD, feed) and 'dead: ' .. state_of(feed).error or ''
end
return {found[1], feeds}
