-- ARGV: group, the entry after which to begin, how many.
-- Returns lists of id, text, deliveries, and milliseconds since the last delivery; the text is empty where somebody has
-- deleted the entry.
local group, after, count = ARGV[1], ARGV[2], ARGV[3]
if not group_of(group) then return {} end

local rows = {}
for number, entry in ipairs(redis.call('XPENDING', EVENTS, group, '(' .. after, '+', count)) do
  local found = redis.call('XRANGE', EVENTS, entry[1], entry[1])[1]
  local text = ''
  for i = 1, found and #found[2] or 0, 2 do
    if found[2][i] == 'event' then text = found[2][i + 1] end
  end
  rows[number] = {entry[1], text, entry[4], entry[3]}
end
return rows
