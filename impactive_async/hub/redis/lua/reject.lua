#!lua flags=allow-oom
-- ARGV: group, id, reason. Makes an entry a dead letter, unless it was acknowledged.
local group, id, reason = ARGV[1], ARGV[2], ARGV[3]
local entry = redis.call('XPENDING', EVENTS, group, id, id, 1)[1]
if not entry then return 0 end
write('HSET', LETTERS, id, cjson.encode({deliveries = entry[4], reason = reason, since = SERVER_TIME}))
write('XACK', EVENTS, group, id)
count_letters(group, 1)
apply()
return 1
