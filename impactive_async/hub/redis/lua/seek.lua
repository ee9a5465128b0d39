#!lua flags=allow-oom
-- ARGV: group, milliseconds since 1970, the id of an event instead ('' = none), 1 to change nothing.
-- Moves a group in the log; `move_on` clears away what it had in flight, and until then it gets nothing. Returns whether
-- there is the group, whether there is the event, the entry that it gets next ('' = none yet), how many there are from there
-- on, and how many before it has not read.
local group, since, event, dry = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'

local function fields_of(list)
  local fields = {}
  for i = 1, #list, 2 do fields[list[i]] = list[i + 1] end
  return fields
end

local known = group_of(group)
if not known then return {0, 0, '', 0, 0} end

local function parts(id)
  local time, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(time), tonumber(number)
end

-- How many events were logged before an entry; it is among the few of its millisecond.
local function rank(id)
  if id == '0-0' then return 0 end
  local time = parts(id)
  local whole = string.format('%.0f', time)
  return redis.call('ZCOUNT', IDS, '-inf', '(' .. exact(time / 1000)) + #redis.call('XRANGE', EVENTS, whole, '(' .. id)
end

local function entry_of(id)
  local score = redis.call('ZSCORE', IDS, id)
  if not score then return end
  local time = string.format('%.0f', tonumber(score) * 1000)
  for _, entry in ipairs(redis.call('XRANGE', EVENTS, time, time)) do
    local readable, found = pcall(cjson.decode, fields_of(entry[2])['event'] or '')
    if readable and type(found) == 'table' and found.id == id then return entry[1] end
  end
end

local first
if event == '' then
  local found = redis.call('XRANGE', EVENTS, since, '+', 'COUNT', 1)[1]
  first = found and found[1]
else
  first = entry_of(event)
  if not first then return {1, 0, '', 0, 0} end
end

local time, number = parts(first or '0-0')
local all = redis.call('ZCARD', IDS)
local before = first and rank(first) or all
local last = known['last-delivered-id']
local read = rank(last) + #redis.call('XRANGE', EVENTS, last, last)
local answer = {1, 1, first or '', all - before, math.max(0, before - read)}
if dry then return answer end

local id = '$'
if first and number > 0 then
  id = string.format('%.0f-%.0f', time, number - 1)
elseif first then
  id = string.format('%.0f-18446744073709551615', time - 1)
end
local move = {'XGROUP', 'SETID', EVENTS, group, id}
-- So that Redis can tell how far the group is behind; where the log has entries of others, it counts anew.
local stream = fields_of(redis.call('XINFO', 'STREAM', EVENTS))
if stream['length'] == all then
  move[#move + 1] = 'ENTRIESREAD'
  move[#move + 1] = stream['entries-added'] - (all - before)
end
demand(EVENTS, unpack(move))
-- What move_on needs.
demand(EVENTS, 'XPENDING', EVENTS, group, '-', '+', 1)
demand(EVENTS, 'XACK', EVENTS, group, '0-0')
demand(LETTERS, 'HSCAN', LETTERS, '0')
demand(LETTERS, 'HDEL', LETTERS, '0-0')
demand(META, 'HDEL', META, '')
demand(META, 'HINCRBY', META, '', 0)
write('HSET', META, 'moving:' .. group, table.concat({first or '-', last, 'flight', '-'}, ' '))
apply()
redis.call(unpack(move))
return answer
