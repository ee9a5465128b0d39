-- ARGV: workspace, limit, interval, tolerance ('' = none to record).
-- Records what is not recorded yet. Returns the workspace and the limit that are recorded now, the limit as text
-- ('' = none).
local own = ARGV[1]
local recorded = redis.call('HMGET', META, 'workspace', 'limit')
local workspace, limit = recorded[1] or own, recorded[2] or ''
if not stored then write('HSET', META, 'version', VERSION) end
if not recorded[1] then write('HSET', META, 'workspace', own) end
if workspace == own and limit == '' and ARGV[2] ~= '' then
  limit = ARGV[2]
  set_limit(limit, ARGV[3], ARGV[4])
end
apply()
return {workspace, limit}
