-- ARGV: limit, interval, tolerance (all 0 = no limit).
set_limit(ARGV[1], ARGV[2], ARGV[3])
apply()
return 1
