#!lua flags=allow-oom
-- ARGV: group, count, visibility in milliseconds, most deliveries ('' = without end).
-- Returns lists of id, text, deliveries, redelivered; 'moving' where move_on is to be called first.
-- All consumers share one name, as only the time of a delivery counts.
local group, count, visibility, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local CONSUMER = 'hub'
local CHUNK, CHUNKS = 1000, 5

-- Of an entry that is not the hub's, all fields.
local function text_of(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'event' then return fields[i + 1] end
  end
  return cjson.encode(fields)
end

local function found(entries, deliveries, redelivered)
  local rows = {}
  for number, entry in ipairs(entries) do
    rows[number] = {entry[1], text_of(entry[2]), deliveries, redelivered}
  end
  return rows
end

if redis.call('HEXISTS', META, 'moving:' .. group) == 1 then return 'moving' end
local place = 'place:' .. group
local began = redis.call('HGET', META, place) or '-'
local read = {'XREADGROUP', 'GROUP', group, CONSUMER, 'COUNT', count, 'STREAMS', EVENTS, '>'}
demand(EVENTS, unpack(read))
demand(EVENTS, 'XPENDING', EVENTS, group)
demand(EVENTS, 'XCLAIM', EVENTS, group, CONSUMER, 0, '0-0')
demand(EVENTS, 'XACK', EVENTS, group, '0-0')
demand(LETTERS, 'HSET', LETTERS, '0-0', '')
if not group_of(group) then
  demand(EVENTS, 'XGROUP', 'CREATE', EVENTS, group, '0', 'MKSTREAM')
  redis.call('XGROUP', 'CREATE', EVENTS, group, '0', 'MKSTREAM')
end

local new = redis.call(unpack(read))
if new then return found(new[1][2], 1, 0) end

-- The entry in flight that is due and was delivered least often; what was delivered too often is buried. Only so many
-- entries are looked at, beginning where the last look ended: a group may have any number in flight.
local from, chosen, fewest, chunks, buried = began, nil, nil, 0, 0
repeat
  local entries = redis.call('XPENDING', EVENTS, group, from, '+', CHUNK)
  for _, entry in ipairs(entries) do
    local id, idle, deliveries = entry[1], entry[3], entry[4]
    if idle == 0 then
      -- Redis measures from when an entry was delivered, by its own clock. Of one that was delivered before the clock was
      -- put back it says, as of one delivered this very moment, that this was 0 milliseconds ago: from now on that is so.
      write('XCLAIM', EVENTS, group, CONSUMER, 0, id, 'IDLE', 0, 'RETRYCOUNT', deliveries, 'JUSTID')
    end
    if idle >= visibility then
      if most and deliveries >= most then
        local reason = 'delivered ' .. deliveries .. ' times and never acknowledged'
        write('HSET', LETTERS, id, cjson.encode({deliveries = deliveries, reason = reason, since = SERVER_TIME}))
        write('XACK', EVENTS, group, id)
        buried = buried + 1
      elseif not fewest or deliveries < fewest then
        chosen, fewest = id, deliveries
      end
    end
  end
  chunks = chunks + 1
  from = #entries == CHUNK and '(' .. entries[CHUNK][1] or '-'
until chosen or from == '-' or chunks == CHUNKS
if from == '-' then
  if began ~= '-' then write('HDEL', META, place) end
else
  write('HSET', META, place, from)
end
count_letters(group, buried)
if chosen then write('XCLAIM', EVENTS, group, CONSUMER, visibility, chosen) end
local answers = apply()
if not chosen then return {} end
return found(answers[#answers], fewest + 1, 1)
