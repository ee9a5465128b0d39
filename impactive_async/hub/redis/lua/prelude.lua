-- Every script of the hub begins with this. All keys share one hash slot, and every script gets them in this order.
local SCHEDULE, LEASED, STATES, CURSORS, DEAD, META, EVENTS, IDS = unpack(KEYS)
local FAILING, PAUSED, LETTERS = KEYS[10], KEYS[11], KEYS[12]
-- SCHEDULE: live feeds by the time they are due; leased ones by the end of the lease
-- LEASED:   leased feeds by the end of the lease
-- STATES:   feed -> state as JSON: token (of the newest claim), settled (the newest claim ended by its holder),
--           committed (the newest that was ended by a commit), as text; failures, gaps, error; again: whether it is polled
--           once more when its lease ends
-- CURSORS:  feed -> cursor
-- DEAD:     dead feeds by the time they died
-- META:     version, token (the newest), gaps, workspace; clock and ahead of the hub's time; limit, interval, tolerance
--           and arrival of the rate limit, all 0 for no limit; logged: how many events were ever logged; of each group
--           letters: how many dead letters it has, place: where the last look at what it has in flight ended, holder:
--           until when which reader has it to itself, and moving: see move_on.lua
-- EVENTS:   the log, a stream; field "event"
-- IDS:      ids of events in the log, by the times of their entries
-- FAILING:  live feeds whose last claim failed
-- PAUSED:   feeds that nobody claims, by the time they were paused; they are neither in SCHEDULE nor in DEAD
-- LETTERS:  of the group that a script is about: dead letters, entry -> deliveries, reason and since as JSON

-- A program of another version must not touch what it does not understand.
local VERSION = table.remove(ARGV, 1)
local saved = redis.call('HMGET', META, 'version', 'clock', 'ahead')
local stored = saved[1]
if stored and stored ~= VERSION then return redis.error_reply('HUBVERSION ' .. stored) end

-- Redis undoes nothing when a script fails in its middle. So no script writes before it has read all it needs: it queues
-- its writes, and `apply` carries them out once it knows that none will be refused.
local queue = {}

local function write(...)
  queue[#queue + 1] = {...}
end

-- What is written to one key by one command for several feeds, or events, goes as one command behind all others: most of
-- what a script costs is how many commands it has.
local MOST_ARGUMENTS = 1000  -- Lua passes no more than some thousands
local behind, open = {}, {}

local function write_together(command, key, ...)
  local name = command .. ' ' .. key
  local all = open[name]
  if not all or #all >= MOST_ARGUMENTS then
    all = {command, key}
    behind[#behind + 1], open[name] = all, all
  end
  for _, argument in ipairs({...}) do all[#all + 1] = argument end
  return all
end

-- Adds an event to the log, and notes its id by the time of the entry. Redis reads its clock anew for each: a script that
-- took its own time for it would be some milliseconds early, and the id would be trimmed before its entry.
local function write_event(id, event)
  local entry = {'XADD', EVENTS, '*', 'event', event}
  queue[#queue + 1] = entry
  local ids = write_together('ZADD', IDS, '0', id)
  ids.entries = ids.entries or {}
  table.insert(ids.entries, entry)
end

local TYPES = {
  [SCHEDULE] = 'zset', [LEASED] = 'zset', [STATES] = 'hash', [CURSORS] = 'hash', [DEAD] = 'zset', [META] = 'hash',
  [EVENTS] = 'stream', [IDS] = 'zset', [FAILING] = 'set', [PAUSED] = 'zset',
}
for number = 12, #KEYS do TYPES[KEYS[number]] = 'hash' end

local typed = {}

-- Fails where this user may not run the command, or the key holds something that is not the hub's.
local function demand(key, ...)
  if not redis.acl_check_cmd(...) then
    error({err = 'NOPERM this user may not run ' .. select(1, ...) .. ' on ' .. key .. '; nothing was changed'})
  end
  if typed[key] then return end
  typed[key] = true
  local found = redis.call('TYPE', key)['ok']
  if found ~= TYPES[key] and found ~= 'none' then
    error({err = 'WRONGTYPE ' .. key .. ' is a ' .. found .. ' of somebody else; nothing was changed'})
  end
end

local function count_letters(group, more)
  if more ~= 0 then write('HINCRBY', META, 'letters:' .. group, more) end
end

-- Lua's own conversion keeps 14 digits; a time of today then has tenths of milliseconds.
local function exact(number)
  return string.format('%.6f', number)
end

-- The hub's time in seconds: the server's, but it never goes back. A clock that is put back by two hours, or a replica
-- that takes over with a slow one, would otherwise leave every feed due two hours from now. `clock` is the latest time
-- that was seen, `ahead` is by how much the hub is ahead of the server.
local time = redis.call('TIME')
local SERVER_TIME = tonumber(time[1]) + tonumber(time[2]) / 1000000
-- Where the saved time is lost, the time of the newest event stands for it.
local newest = saved[2] or redis.call('ZRANGE', IDS, -1, -1, 'WITHSCORES')[2]
local clock, ahead = tonumber(newest or '0'), tonumber(saved[3] or '0')
local NOW = math.max(SERVER_TIME + ahead, clock)

local function was_put_back()
  return NOW - SERVER_TIME - ahead > 2
end

-- For every script that schedules something.
local function keep_time()
  if was_put_back() then ahead = NOW - SERVER_TIME end
  write('HSET', META, 'clock', exact(NOW), 'ahead', exact(ahead))
end

-- Also a script that schedules nothing notes that the clock was put back: the hub's time would stand still until somebody
-- does, and nothing would ever be due.
local function apply()
  if was_put_back() then
    keep_time()
    table.insert(queue, 1, table.remove(queue))  -- the last answer is that of the script's own last command
  end
  for _, command in ipairs(behind) do queue[#queue + 1] = command end
  local asked = {}
  for _, command in ipairs(queue) do
    local of_key = asked[command[2]] or {}
    if not of_key[command[1]] then demand(command[2], unpack(command)) end
    asked[command[2]], of_key[command[1]] = of_key, true
  end
  local answers, written = {}, {}
  for number, command in ipairs(queue) do
    for place, entry in ipairs(command.entries or {}) do
      local milliseconds = string.match(entry.answer, '%d+')
      written[milliseconds] = written[milliseconds] or exact(tonumber(milliseconds) / 1000)
      command[2 * place + 1] = written[milliseconds]
    end
    command.answer = redis.call(unpack(command))
    answers[number] = command.answer
  end
  return answers
end

-- What Redis tells of a consumer group of the log; nothing where there is none.
local function group_of(name)
  if redis.call('EXISTS', EVENTS) == 0 then return end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', EVENTS)) do
    if info[2] == name then
      local group = {}
      for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
      return group
    end
  end
end

local function new_state()
  return {token = '', settled = '', committed = '', failures = 0, gaps = 0, error = ''}
end

-- A feed whose state is lost, or cannot be read, goes on as if it had just been added.
local function state_of(feed, text)
  if text == nil then text = redis.call('HGET', STATES, feed) end
  local readable, state = pcall(cjson.decode, text or '')
  return readable and type(state) == 'table' and state.failures and state or new_state()
end

local function keep(feed, state)
  write_together('HSET', STATES, feed, cjson.encode(state))
end

local function set_limit(limit, interval, tolerance)
  write('HSET', META, 'limit', limit, 'interval', interval, 'tolerance', tolerance)
end

-- Returns the recorded interval and tolerance, else those given; nothing where there is no limit.
local function pace(own_interval, own_tolerance)
  local interval = tonumber(redis.call('HGET', META, 'interval') or own_interval)
  local tolerance = tonumber(redis.call('HGET', META, 'tolerance') or own_tolerance)
  if interval and interval > 0 then return interval, tolerance end
end

-- GCRA: returns the next theoretical arrival time and the seconds to wait.
local function step(interval, tolerance)
  local arrival = tonumber(redis.call('HGET', META, 'arrival') or '0')
  arrival = math.min(math.max(arrival, NOW), NOW + tolerance + interval)
  local wait = arrival - tolerance - NOW
  if wait > 0 then return arrival, wait end
  return arrival + interval, 0
end
