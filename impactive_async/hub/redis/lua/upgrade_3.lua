-- Redis counted deliveries all the time; what is new are keys for dead letters.
write('HSET', META, 'version', '3')
apply()
return 1
