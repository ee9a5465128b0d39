-- Ends claims for their holders, each of another feed.
-- ARGV, for each: feed, token, operation (commit, fail, release), seconds until due again ('' = dead), the claim's
--       cursor, the new cursor, gaps, error, number of events, then id and JSON of each event.
-- Returns for each 1, also for the same call sent again; 0 if the claim is no longer held.
local new, logged, gaps = {}, 0, 0

-- Whether a claim is held; nothing where this very call was carried out before.
local function is_held(feed, state, token, operation, began, cursor)
  if operation == 'commit' then
    local kept = redis.call('HGET', CURSORS, feed)
    if state.committed == token and kept == cursor then return end
    -- What lies between the two was committed on a server whose last writes are lost: nobody else can deliver it.
    if kept ~= began then return false end
  elseif state.settled == token then
    return
  end
  local ends = redis.call('ZSCORE', LEASED, feed)
  return state.token == token and ends and tonumber(ends) > NOW
end

local function log(first, last)
  for i = first, last, 2 do
    local id = ARGV[i]
    if not new[id] and not redis.call('ZSCORE', IDS, id) then
      new[id], logged = true, logged + 1
      write('XADD', EVENTS, '*', 'event', ARGV[i + 1])
      write('ZADD', IDS, ENTRY_TIME, id)
    end
  end
end

local function settle(place, last)
  local feed, token, operation, again_in, began, cursor, more_gaps, why = unpack(ARGV, place, place + 7)
  local text = redis.call('HGET', STATES, feed)
  if not text then return 0 end
  local state = state_of(feed, text)
  local held = is_held(feed, state, token, operation, began, cursor)
  if not held then return held == nil and 1 or 0 end
  local paused = redis.call('ZSCORE', PAUSED, feed)
  if operation == 'commit' then
    log(place + 9, last)
    write('HSET', CURSORS, feed, cursor)
    gaps = gaps + tonumber(more_gaps)
    state.gaps = state.gaps + tonumber(more_gaps)
    state.failures, state.error, state.committed = 0, '', token
    if redis.call('SISMEMBER', FAILING, feed) == 1 then write('SREM', FAILING, feed) end
  elseif operation == 'fail' then
    state.failures, state.error = state.failures + 1, why
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
  return 1
end

local answers, place = {}, 1
while place <= #ARGV do
  local last = place + 8 + 2 * tonumber(ARGV[place + 8])
  answers[#answers + 1] = settle(place, last)
  place = last + 1
end
if #queue > 0 then keep_time() end
if logged > 0 then write('HINCRBY', META, 'logged', logged) end
if gaps > 0 then write('HINCRBY', META, 'gaps', gaps) end
apply()
return answers
