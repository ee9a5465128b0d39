#!lua flags=allow-oom
-- ARGV: group, ids. Puts dead letters back in flight, as due and not delivered yet; returns how many.
local count = 0
for i = 2, #ARGV do
  if redis.call('HEXISTS', LETTERS, ARGV[i]) == 1 then
    count = count + 1
    -- Without an entry in the log nothing is put back, and the letter goes all the same.
    write('XCLAIM', EVENTS, ARGV[1], 'hub', 0, ARGV[i], 'TIME', 1, 'RETRYCOUNT', 0, 'FORCE', 'JUSTID')
    write('HDEL', LETTERS, ARGV[i])
  end
end
count_letters(ARGV[1], -count)
apply()
return count
