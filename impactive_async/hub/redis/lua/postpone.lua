#!lua flags=allow-oom
-- ARGV: group, id, milliseconds for which it is to count as delivered already, deliveries.
local group, id = ARGV[1], ARGV[2]
if not redis.call('XPENDING', EVENTS, group, id, id, 1)[1] then return 0 end
write('XCLAIM', EVENTS, group, 'hub', 0, id, 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[4], 'JUSTID')
apply()
return 1
