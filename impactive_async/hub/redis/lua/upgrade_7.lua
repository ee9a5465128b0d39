-- That a group is being moved is a new field of META, and there is none.
write('HSET', META, 'version', '7')
apply()
return 1
