-- A list of what is failing is new; each feed that fails again adds itself.
write('HSET', META, 'version', '5')
apply()
return 1
