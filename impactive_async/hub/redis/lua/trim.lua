#!lua flags=allow-oom
-- KEYS: the dead letters of each group, from the twelfth on.
-- ARGV: retention in seconds, where to begin, how many entries to look at.
-- Deletes the entries that are older, acknowledged by every group, and nobody's dead letter.
-- Returns how many, and where to go on ('' = that was the last).
local from, count = ARGV[2], tonumber(ARGV[3])

local function parts(id)
  local time, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(time), tonumber(number)
end

local function older(a, b)
  local a_time, a_number = parts(a)
  local b_time, b_number = parts(b)
  return a_time < b_time or a_time == b_time and a_number < b_number
end

if redis.call('EXISTS', EVENTS) == 0 then return {0, ''} end
-- The ids of a stream are the server's own times.
local last = string.format('%.0f-18446744073709551615', math.max(0, math.floor((SERVER_TIME - tonumber(ARGV[1])) * 1000)))
local groups, ends = {}, {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', EVENTS)) do
  local group = {}
  for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
  groups[#groups + 1] = group['name']
  ends[group['last-delivered-id']] = true
  if older(group['last-delivered-id'], last) then last = group['last-delivered-id'] end
end

local entries = redis.call('XRANGE', EVENTS, from, last, 'COUNT', count)
if #entries == 0 then return {0, ''} end
local kept = {}
for _, group in ipairs(groups) do
  local waiting = redis.call('XPENDING', EVENTS, group, entries[1][1], entries[#entries][1], #entries)
  for _, entry in ipairs(waiting) do kept[entry[1]] = true end
end
for number = 12, #KEYS do
  if redis.call('HLEN', KEYS[number]) > 0 then
    for _, entry in ipairs(entries) do
      if redis.call('HEXISTS', KEYS[number], entry[1]) == 1 then kept[entry[1]] = true end
    end
  end
end

local deleted, place = 0, 1
if from == '-' then
  while place <= #entries and not kept[entries[place][1]] do place = place + 1 end
  deleted = place - 1
end
if deleted > 0 then
  local next = redis.call('XRANGE', EVENTS, '(' .. entries[deleted][1], '+', 'COUNT', 1)[1]
  local time, number = parts(entries[deleted][1])
  write('XTRIM', EVENTS, 'MINID', string.format('%.0f-%.0f', time, number + 1))
  -- No id goes before its event.
  write('ZREMRANGEBYSCORE', IDS, '-inf', next and '(' .. exact(parts(next[1]) / 1000) or '+inf')
end
-- Behind an entry that somebody waits for. Redis could not tell how far a group is behind any more if the entry at which
-- the group is were deleted.
for number = place, #entries do
  local id, fields = entries[number][1], entries[number][2]
  if not kept[id] and not ends[id] then
    deleted = deleted + 1
    write('XDEL', EVENTS, id)
    local readable, event = pcall(cjson.decode, fields[2])
    if readable and type(event) == 'table' and type(event.id) == 'string' then write('ZREM', IDS, event.id) end
  end
end
apply()
if #entries < count then return {deleted, ''} end
return {deleted, from == '-' and deleted == count and '-' or '(' .. entries[#entries][1]}
