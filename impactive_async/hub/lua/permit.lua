-- ARGV: interval, tolerance. Returns the seconds to wait, as text: an integer reply would be cut.
local arrival, wait = step(tonumber(ARGV[1]), tonumber(ARGV[2]))
redis.call('HSET', META, 'arrival', exact(arrival))
return exact(wait)
