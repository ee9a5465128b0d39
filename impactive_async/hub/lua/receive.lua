-- ARGV: group, count, visibility in milliseconds.
-- Returns lists of id, event, redelivered. One consumer name serves all: who has an event is no matter, for how long is.
local group, count, visibility = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local CONSUMER = 'hub'
local made = redis.pcall('XGROUP', 'CREATE', EVENTS, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end

local taken = {}
local function take(entries, redelivered)
  for _, entry in ipairs(entries) do
    taken[#taken + 1] = {entry[1], entry[2][2], redelivered}
  end
end

-- One XAUTOCLAIM looks at ten events in flight for each one asked for, due or not, and says where to go on.
local from = '0-0'
repeat
  local found = redis.call('XAUTOCLAIM', EVENTS, group, CONSUMER, visibility, from, 'COUNT', count - #taken)
  from = found[1]
  take(found[2], 1)
until from == '0-0' or #taken >= count
if #taken < count then
  local new = redis.call('XREADGROUP', 'GROUP', group, CONSUMER, 'COUNT', count - #taken, 'STREAMS', EVENTS, '>')
  if new then take(new[1][2], 0) end
end
return taken
