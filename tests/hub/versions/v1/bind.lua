-- ARGV: version, workspace, limit, interval, tolerance ('' = none to record).
-- Records what is not recorded yet. Returns workspace and limit as they are now; the limit as text, '' = none recorded.
redis.call('HSETNX', META, 'version', ARGV[1])
redis.call('HSETNX', META, 'workspace', ARGV[2])
local workspace = redis.call('HGET', META, 'workspace')
if workspace == ARGV[2] and ARGV[3] ~= '' and redis.call('HEXISTS', META, 'limit') == 0 then
  set_limit(ARGV[3], ARGV[4], ARGV[5])
end
return {workspace, redis.call('HGET', META, 'limit') or ''}
