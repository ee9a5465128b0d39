-- Who has a group to itself is a field of META; nothing has to be made for it.
write('HSET', META, 'version', '4')
apply()
return 1
