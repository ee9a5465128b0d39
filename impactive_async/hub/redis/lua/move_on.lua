#!lua flags=allow-oom
-- ARGV: group. Clears away a step of what a group had before it was moved, so that it comes anew or not at all: what it had
-- in flight, then its dead letters from the place on. Whoever uses the group does so. Returns whether that was all.
-- `moving` says from which entry on the group gets the log, the last one that it had read, and where to go on.
local STEP = 1000
local group = ARGV[1]
local field = 'moving:' .. group
local first, top, what, place = string.match(redis.call('HGET', META, field) or '', '^(%S+) (%S+) (%a+) (%S+)$')
if not first then return 1 end

local function parts(id)
  local time, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(time), tonumber(number)
end

local next
if what == 'flight' then
  local ids = {}
  for _, entry in ipairs(group_of(group) and redis.call('XPENDING', EVENTS, group, place, top, STEP) or {}) do
    ids[#ids + 1] = entry[1]
  end
  if #ids > 0 then write('XACK', EVENTS, group, unpack(ids)) end
  next = #ids == STEP and 'flight (' .. ids[STEP] or 'letters 0'
else
  local time, number = parts(first == '-' and '0-0' or first)
  local found, buried = redis.call('HSCAN', LETTERS, place, 'COUNT', STEP), 0
  for i = 1, #found[2], 2 do
    local its_time, its_number = parts(found[2][i])
    if first ~= '-' and (its_time > time or its_time == time and its_number >= number) then
      buried = buried + 1
      write('HDEL', LETTERS, found[2][i])
    end
  end
  count_letters(group, -buried)
  next = found[1] ~= '0' and 'letters ' .. found[1]
end
if next then
  write('HSET', META, field, table.concat({first, top, next}, ' '))
else
  write('HDEL', META, field, 'place:' .. group)
end
apply()
return next and 0 or 1
