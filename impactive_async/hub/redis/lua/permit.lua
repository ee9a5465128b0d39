-- ARGV: interval, tolerance, which count where no limit is recorded ('' = no limit).
-- Returns the seconds to wait, as text: Redis cuts numbers to integers.
local interval, tolerance = pace(ARGV[1], ARGV[2])
if not interval then return '0' end
local arrival, wait = step(interval, tolerance)
write('HSET', META, 'arrival', exact(arrival))
apply()
return exact(wait)
