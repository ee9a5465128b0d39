-- ARGV: feeds. Returns the cursor of each, '' for a feed without a commit, and false for one that the hub does not have.
local cursors = {}
for i, feed in ipairs(ARGV) do
  cursors[i] = redis.call('HEXISTS', STATES, feed) == 1 and (redis.call('HGET', CURSORS, feed) or '')
end
return cursors
