-- The end of a claim by its holder.
-- ARGV: feed, token, deed (commit, fail, release), seconds until due again ('' = dead), cursor, gaps, error,
--       then id and JSON of each event.
-- Returns 1, also for the same call sent again; 0 if the claim does not count any more.
local feed, token, deed, again_in, cursor = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local t = now()
local state = state_of(feed)
if not state then return 0 end
if deed == 'commit' then
  if state.committed == token and redis.call('HGET', CURSORS, feed) == cursor then return 1 end
elseif state.settled == token then
  return 1
end
local ends = redis.call('ZSCORE', LEASED, feed)
if state.token ~= token or not ends or tonumber(ends) <= t then return 0 end

if deed == 'commit' then
  for i = 8, #ARGV, 2 do
    if redis.call('ZADD', IDS, 'NX', exact(t), ARGV[i]) == 1 then
      redis.call('XADD', EVENTS, '*', 'event', ARGV[i + 1])
    end
  end
  redis.call('HSET', CURSORS, feed, cursor)
  redis.call('HINCRBY', META, 'gaps', ARGV[6])
  state.gaps = state.gaps + tonumber(ARGV[6])
  state.failures, state.error, state.committed = 0, '', token
elseif deed == 'fail' then
  state.failures, state.error = state.failures + 1, ARGV[7]
end

state.settled = token
keep(feed, state)
redis.call('ZREM', LEASED, feed)
if again_in == '' then
  redis.call('ZREM', SCHEDULE, feed)
  redis.call('ZADD', DEAD, exact(t), feed)
else
  redis.call('ZADD', SCHEDULE, exact(t + tonumber(again_in)), feed)
end
return 1
