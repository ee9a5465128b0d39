-- KEYS: the dead letters of each group, from the twelfth on. ARGV: where to go on ('' = begin), then the groups.
-- Finds what a lost key has taken with it, and mends what can be mended, a step at a time.
-- Returns where to go on ('' = that was all), and the losses, in words.
local place, losses = ARGV[1], {}
local STEP = 500

local function forget(feed)
  write('HDEL', STATES, feed)
  write('HDEL', CURSORS, feed)
  write('SREM', FAILING, feed)
  for _, key in ipairs({SCHEDULE, LEASED, DEAD, PAUSED}) do write('ZREM', key, feed) end
end

-- A feed without a cursor begins anew: discovery adds it again. One that is nowhere scheduled would never be polled.
local function mend(feed)
  local cursor = redis.call('HEXISTS', CURSORS, feed) == 1
  if not cursor then
    losses[#losses + 1] = feed .. ': its cursor; it is followed from its beginning'
    return forget(feed)
  end
  if redis.call('HEXISTS', STATES, feed) == 0 then
    losses[#losses + 1] = feed .. ': its failures and gaps'
    keep(feed, new_state())
  end
  if not (redis.call('ZSCORE', SCHEDULE, feed) or redis.call('ZSCORE', DEAD, feed) or redis.call('ZSCORE', PAUSED, feed)) then
    losses[#losses + 1] = feed .. ': when it is due; it is due now'
    write('ZADD', SCHEDULE, exact(NOW), feed)
  end
end

-- How many entries were ever added to the stream; a new one begins from 0.
local function added()
  if redis.call('EXISTS', EVENTS) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', EVENTS)
  for i = 1, #info, 2 do
    if info[i] == 'entries-added' then return info[i + 1] end
  end
end

local function heal_log()
  local logged = tonumber(redis.call('HGET', META, 'logged') or '0')
  if added() < logged then
    losses[#losses + 1] = 'the log, with what consumers had not handled; all feeds are followed from their beginning'
    for _, key in ipairs({STATES, CURSORS, SCHEDULE, LEASED, DEAD, IDS, FAILING, PAUSED}) do write('DEL', key) end
    write('HSET', META, 'logged', added(), 'gaps', 0)
    return true
  end
end

local function heal_letters()
  for number = 12, #KEYS do
    local counted = 'letters:' .. ARGV[number - 10]
    local found = redis.call('HLEN', KEYS[number])
    local lost = tonumber(redis.call('HGET', META, counted) or '0') - found
    if lost > 0 then
      losses[#losses + 1] = string.format('%.0f dead letters of group %s', lost, ARGV[number - 10])
      write('HSET', META, counted, found)
    end
  end
end

-- Each feed has a state and a cursor, and is scheduled, dead or paused.
local function is_whole()
  local feeds = redis.call('HLEN', STATES)
  local placed = redis.call('ZCARD', SCHEDULE) + redis.call('ZCARD', DEAD) + redis.call('ZCARD', PAUSED)
  return redis.call('HLEN', CURSORS) == feeds and placed == feeds
end

local SCANS = {
  states = {'HSCAN', STATES, 'schedule'}, schedule = {'ZSCAN', SCHEDULE, 'dead'}, dead = {'ZSCAN', DEAD, 'paused'},
  paused = {'ZSCAN', PAUSED, ''},
}
-- What a later step needs is asked for before the first.
demand(STATES, 'HSCAN', STATES, '0')
demand(SCHEDULE, 'ZSCAN', SCHEDULE, '0')
if place == '' then
  if heal_log() then
    apply()
    return {'', losses}
  end
  heal_letters()
  if not is_whole() then place = 'states:0' end
else
  local what, cursor = string.match(place, '(%a+):(%d+)')
  local scan, key, after = unpack(SCANS[what])
  local found = redis.call(scan, key, cursor, 'COUNT', STEP)
  for i = 1, #found[2], 2 do mend(found[2][i]) end
  place = what .. ':' .. found[1]
  if found[1] == '0' then place = after ~= '' and after .. ':0' or '' end
end
apply()
return {place, losses}
