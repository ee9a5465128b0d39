-- What every script of the hub begins with. All keys share one hash slot and are passed, in this order, to every script.
local SCHEDULE, LEASED, FEEDS, CURSORS, DEAD, META, EVENTS, IDS = unpack(KEYS)
-- SCHEDULE: live feeds by the time they are due; of leased ones, by the end of the lease
-- LEASED:   leased feeds by the end of the lease
-- FEEDS:    feed -> state as JSON: token (of the newest claim), settled (the newest claim ended by its holder),
--           committed (the newest that was ended by a commit), as text; failures, gaps, error
-- CURSORS:  feed -> cursor
-- DEAD:     feeds that are not polled, by the time they died
-- META:     version, token (the last one given), gaps, workspace; limit, interval, tolerance and arrival of the rate
--           limit, all 0 where there is to be none
-- EVENTS:   the log, a stream; field "event"
-- IDS:      ids of events in the log, by the time they were logged

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- Lua's own conversion keeps 14 digits, a tenth of a millisecond these days.
local function exact(number)
  return string.format('%.6f', number)
end

local function state_of(feed)
  local text = redis.call('HGET', FEEDS, feed)
  return text and cjson.decode(text)
end

local function keep(feed, state)
  redis.call('HSET', FEEDS, feed, cjson.encode(state))
end

local function set_limit(limit, interval, tolerance)
  redis.call('HSET', META, 'limit', limit, 'interval', interval, 'tolerance', tolerance)
end

-- The recorded interval and tolerance, else those given; nothing where there is no limit.
local function pace(own_interval, own_tolerance)
  local interval = tonumber(redis.call('HGET', META, 'interval') or own_interval)
  local tolerance = tonumber(redis.call('HGET', META, 'tolerance') or own_tolerance)
  if interval and interval > 0 then return interval, tolerance end
end

-- GCRA: the next theoretical arrival time, and the seconds to wait.
local function step(interval, tolerance)
  local t = now()
  local arrival = tonumber(redis.call('HGET', META, 'arrival') or '0')
  arrival = math.min(math.max(arrival, t), t + tolerance + interval)
  local wait = arrival - tolerance - t
  if wait > 0 then return arrival, wait end
  return arrival + interval, 0
end
