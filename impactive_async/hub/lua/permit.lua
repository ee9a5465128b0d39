-- ARGV: interval, tolerance; for a hub that has none recorded ('' = no limit).
-- Returns the seconds to wait, as text: an integer reply would be cut.
local interval, tolerance = pace(ARGV[1], ARGV[2])
if not interval then return '0' end
local arrival, wait = step(interval, tolerance)
redis.call('HSET', META, 'arrival', exact(arrival))
return exact(wait)
