-- ARGV: how many dead and paused feeds to list. Returns JSON; nothing where no hub is.
if not stored then return false end

local MOST = 500

-- Redis leaves `lag` empty where it does not know it: somebody has deleted an entry that the group has not got. To count
-- a long log would block everybody else, so what is more than a few is unknown.
local function behind(group)
  local unread = group['lag'] or #redis.call('XRANGE', EVENTS, '(' .. group['last-delivered-id'], '+', 'COUNT', MOST)
  return (group['lag'] or unread < MOST) and group['pending'] + unread or cjson.null
end

-- Seconds since the oldest event was logged that a group has not acknowledged: an id begins with when it was.
local function oldest(group)
  local first = redis.call('XPENDING', EVENTS, group['name'])[2]
  if not first then
    local unread = redis.call('XRANGE', EVENTS, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)[1]
    if not unread then return cjson.null end
    first = unread[1]
  end
  return NOW - tonumber(string.match(first, '^%d+')) / 1000
end

local dead = {}
for _, feed in ipairs(redis.call('ZRANGE', DEAD, 0, tonumber(ARGV[1]) - 1)) do
  local state = state_of(feed)
  dead[#dead + 1] = {feed, state.failures, state.error}
end

local groups = {}
if redis.call('EXISTS', EVENTS) == 1 then
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', EVENTS)) do
    local group = {}
    for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
    groups[#groups + 1] = {group['name'], behind(group), group['pending'], 0, oldest(group)}
  end
end

local first = redis.call('ZRANGE', SCHEDULE, 0, 0, 'WITHSCORES')
local interval, tolerance = pace('', '')
local arrival, wait = 0, 0
if interval then arrival, wait = step(interval, tolerance) end
local dead_count = redis.call('ZCARD', DEAD)
return cjson.encode({
  feeds = redis.call('HLEN', STATES),
  leased = redis.call('ZCOUNT', LEASED, '(' .. exact(NOW), '+inf'),
  due = redis.call('ZCOUNT', SCHEDULE, '-inf', exact(NOW)),
  lag = math.max(0, NOW - tonumber(first[2] or NOW)),
  failing = redis.call('SCARD', FAILING),
  gaps = tonumber(redis.call('HGET', META, 'gaps') or '0'),
  dead_count = dead_count,
  dead = dead,
  paused_count = redis.call('ZCARD', PAUSED),
  paused = redis.call('ZRANGE', PAUSED, 0, tonumber(ARGV[1]) - 1),
  events = redis.call('XLEN', EVENTS),
  groups = groups,
  workspace = redis.call('HGET', META, 'workspace') or '',
  rate_limit = tonumber(redis.call('HGET', META, 'limit') or '0'),
  rate_wait = wait,
})
