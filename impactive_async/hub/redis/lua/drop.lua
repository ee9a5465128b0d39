#!lua flags=allow-oom
-- ARGV: group, ids. Forgets dead letters; returns how many.
local count = 0
for i = 2, #ARGV do
  if redis.call('HEXISTS', LETTERS, ARGV[i]) == 1 then
    count = count + 1
    write('HDEL', LETTERS, ARGV[i])
  end
end
count_letters(ARGV[1], -count)
apply()
return count
