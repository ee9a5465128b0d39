#!lua flags=allow-oom
-- ARGV: group, holder, seconds. Returns 1 if the holder has the group now, 0 if another has it.
local field = 'holder:' .. ARGV[1]
local ends, holder = string.match(redis.call('HGET', META, field) or '', '^(%S+) (.*)$')
if holder and holder ~= ARGV[2] and tonumber(ends) > NOW then return 0 end
keep_time()
write('HSET', META, field, exact(NOW + tonumber(ARGV[3])) .. ' ' .. ARGV[2])
apply()
return 1
