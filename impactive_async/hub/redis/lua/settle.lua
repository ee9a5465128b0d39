-- Ends a claim for its holder.
-- ARGV: feed, token, operation (commit, fail, release), seconds until due again ('' = dead), the claim's cursor, the
--       new cursor, gaps, error, then id and JSON of each event.
-- Returns 1, also for the same call sent again; 0 if the claim is no longer held.
local feed, token, operation, again_in, began, cursor = unpack(ARGV, 1, 6)
if redis.call('HEXISTS', STATES, feed) == 0 then return 0 end
local state = state_of(feed)
local kept = redis.call('HGET', CURSORS, feed)
if operation == 'commit' then
  if state.committed == token and kept == cursor then return 1 end
  -- What lies between the two was committed on a server whose last writes are lost: nobody else can deliver it.
  if kept ~= began then return 0 end
elseif state.settled == token then
  return 1
end
local ends = redis.call('ZSCORE', LEASED, feed)
if state.token ~= token or not ends or tonumber(ends) <= NOW then return 0 end

local paused = redis.call('ZSCORE', PAUSED, feed)
keep_time()
if operation == 'commit' then
  local new, logged = {}, 0
  for i = 9, #ARGV, 2 do
    local id = ARGV[i]
    if not new[id] and not redis.call('ZSCORE', IDS, id) then
      new[id], logged = true, logged + 1
      write('XADD', EVENTS, '*', 'event', ARGV[i + 1])
      write('ZADD', IDS, ENTRY_TIME, id)
    end
  end
  if logged > 0 then write('HINCRBY', META, 'logged', logged) end
  write('HSET', CURSORS, feed, cursor)
  write('HINCRBY', META, 'gaps', ARGV[7])
  state.gaps = state.gaps + tonumber(ARGV[7])
  state.failures, state.error, state.committed = 0, '', token
  if redis.call('SISMEMBER', FAILING, feed) == 1 then write('SREM', FAILING, feed) end
elseif operation == 'fail' then
  state.failures, state.error = state.failures + 1, ARGV[8]
  if again_in == '' and not paused then write('SREM', FAILING, feed) else write('SADD', FAILING, feed) end
end

state.settled = token
keep(feed, state)
write('ZREM', LEASED, feed)
if paused then
  write('ZREM', SCHEDULE, feed)
elseif again_in == '' then
  write('ZREM', SCHEDULE, feed)
  write('ZADD', DEAD, exact(NOW), feed)
else
  write('ZADD', SCHEDULE, exact(NOW + (state.again and 0 or tonumber(again_in))), feed)
end
apply()
return 1
