-- The set of paused feeds is new, and empty.
write('HSET', META, 'version', '6')
apply()
return 1
