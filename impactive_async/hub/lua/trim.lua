-- ARGV: retention in seconds. Deletes what is older and acknowledged by every group; returns how many.
local function older(a, b)
  local a_time, a_number = string.match(a, '(%d+)-(%d+)')
  local b_time, b_number = string.match(b, '(%d+)-(%d+)')
  if a_time ~= b_time then return tonumber(a_time) < tonumber(b_time) end
  return tonumber(a_number) < tonumber(b_number)
end

local function after(id)
  local time, number = string.match(id, '(%d+)-(%d+)')
  return string.format('%s-%.0f', time, tonumber(number) + 1)
end

if redis.call('EXISTS', EVENTS) == 0 then return 0 end
local horizon = math.floor((now() - tonumber(ARGV[1])) * 1000)
local first_kept = string.format('%.0f-0', math.max(0, horizon + 1))
for _, info in ipairs(redis.call('XINFO', 'GROUPS', EVENTS)) do
  local group = {}
  for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
  local wanted = redis.call('XPENDING', EVENTS, group['name'])[2] or after(group['last-delivered-id'])
  if older(wanted, first_kept) then first_kept = wanted end
end
-- By the same measure, so that no id goes before its event.
local kept_since = tonumber(string.match(first_kept, '%d+')) / 1000
redis.call('ZREMRANGEBYSCORE', IDS, '-inf', '(' .. exact(kept_since))
return redis.call('XTRIM', EVENTS, 'MINID', first_kept)
