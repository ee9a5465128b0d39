-- Programs of version 1 that still run must not claim or commit: they know neither the hub's time nor the cursor that a
-- claim began from. They find the states of feeds under another name, and under the old one what is no hash, so that
-- their scripts fail before they write.
local OLD_STATES = KEYS[9]
TYPES[OLD_STATES] = 'hash'
if redis.call('EXISTS', OLD_STATES) == 1 then write('RENAME', OLD_STATES, STATES) end
write('SET', OLD_STATES, 'This hub was upgraded to version 2: upgrade impactive-async.')
write('HSET', META, 'version', '2')
apply()
return 1
