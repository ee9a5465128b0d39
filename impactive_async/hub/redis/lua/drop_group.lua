#!lua flags=allow-oom
-- ARGV: group. Forgets a group, its dead letters and where its last look at what is in flight ended.
-- Redis frees what a group has in flight at once, however long that takes, so it is acknowledged in steps before.
-- Returns whether that was the last step.
local STEP = 1000
local group = ARGV[1]
write('UNLINK', LETTERS)
write('HDEL', META, 'place:' .. group, 'letters:' .. group, 'moving:' .. group)
if redis.call('EXISTS', EVENTS) == 1 then
  demand(EVENTS, 'XGROUP', 'DESTROY', EVENTS, group)
  demand(EVENTS, 'XACK', EVENTS, group, '0-0')
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', EVENTS)) do
    if info[2] == group then
      local waiting = redis.call('XPENDING', EVENTS, group, '-', '+', STEP)
      for _, entry in ipairs(waiting) do write('XACK', EVENTS, group, entry[1]) end
      if #waiting == STEP then
        apply()
        return 0
      end
    end
  end
  apply()
  redis.call('XGROUP', 'DESTROY', EVENTS, group)
  return 1
end
apply()
return 1
