-- ARGV: dead feeds to list. Returns JSON; nothing where no hub is.
if redis.call('HEXISTS', META, 'version') == 0 then return false end
local t = now()

-- Redis leaves its own `lag` empty where it cannot tell.
local function unread(group)
  return group['lag'] or #redis.call('XRANGE', EVENTS, '(' .. group['last-delivered-id'], '+')
end

local failing = 0
for _, text in ipairs(redis.call('HVALS', FEEDS)) do
  if cjson.decode(text).failures > 0 then failing = failing + 1 end
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
    groups[#groups + 1] = {group['name'], group['pending'] + unread(group), group['pending']}
  end
end

local first = redis.call('ZRANGE', SCHEDULE, 0, 0, 'WITHSCORES')
local interval, tolerance = pace('', '')
local arrival, wait = 0, 0
if interval then arrival, wait = step(interval, tolerance) end
local dead_count = redis.call('ZCARD', DEAD)
return cjson.encode({
  feeds = redis.call('HLEN', FEEDS),
  leased = redis.call('ZCOUNT', LEASED, '(' .. exact(t), '+inf'),
  due = redis.call('ZCOUNT', SCHEDULE, '-inf', exact(t)),
  lag = math.max(0, t - tonumber(first[2] or t)),
  failing = failing - dead_count,
  gaps = tonumber(redis.call('HGET', META, 'gaps') or '0'),
  dead_count = dead_count,
  dead = dead,
  events = redis.call('XLEN', EVENTS),
  groups = groups,
  workspace = redis.call('HGET', META, 'workspace') or '',
  rate_limit = tonumber(redis.call('HGET', META, 'limit') or '0'),
  rate_wait = wait,
})
