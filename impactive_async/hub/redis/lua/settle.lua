-- Ends claims for their holders, each of another feed.
-- ARGV, for each: feed, the claim's cursor, the new cursor, "token operation again gaps events error", the ids of the events
--       as "length:id" one behind the other, then each event's JSON. The operation is commit, fail or release; `again` is the
--       seconds until the feed is due again, or '-' if it is dead; `events` is how many there are. Few arguments, because a
--       client works on each; and large ones are used as they are, because Lua hashes all bytes of each text that it makes.
-- Returns for each '1', also for the same call sent again; '0' if the claim is no longer held.
local new, logged, gaps = {}, 0, 0
local somebody_is_paused = redis.call('ZCARD', PAUSED) > 0
local somebody_is_failing = redis.call('SCARD', FAILING) > 0

local calls, feeds, place = {}, {}, 1
while place <= #ARGV do
  local feed, began, cursor, head, ids = unpack(ARGV, place, place + 4)
  local call = {feed = feed, began = began, cursor = cursor, ids = ids, first = place + 5}
  local token, operation, again, more_gaps, events, why = string.match(head, '^(%d+) (%a+) (%S+) (%d+) (%d+) (.*)$')
  call.token, call.operation, call.again, call.gaps, call.why = token, operation, again, tonumber(more_gaps), why
  call.last = place + 4 + tonumber(events)
  place = call.last + 1
  calls[#calls + 1], feeds[#feeds + 1] = call, feed
end
local states, cursors = redis.call('HMGET', STATES, unpack(feeds)), redis.call('HMGET', CURSORS, unpack(feeds))

-- Whether a claim is held; nothing where this very call was carried out before.
local function is_held(call, state, kept)
  if call.operation == 'commit' then
    if state.committed == call.token and kept == call.cursor then return end
    -- What lies between the two was committed on a server whose last writes are lost: nobody else can deliver it.
    if kept ~= call.began then return false end
  elseif state.settled == call.token then
    return
  end
  local ends = redis.call('ZSCORE', LEASED, call.feed)
  return state.token == call.token and ends and tonumber(ends) > NOW
end

local function log(ids, first, last)
  local place = 1
  for i = first, last do
    local length, start = string.match(ids, '^(%d+):()', place)
    place = start + length
    local id = string.sub(ids, start, place - 1)
    if not new[id] and not redis.call('ZSCORE', IDS, id) then
      new[id], logged = true, logged + 1
      write_event(id, ARGV[i])
    end
  end
end

local function settle(call, text, kept)
  if not text then return '0' end
  local feed, state = call.feed, state_of(call.feed, text)
  local held = is_held(call, state, kept)
  if not held then return held == nil and '1' or '0' end
  local paused = somebody_is_paused and redis.call('ZSCORE', PAUSED, feed)
  if call.operation == 'commit' then
    log(call.ids, call.first, call.last)
    write_together('HSET', CURSORS, feed, call.cursor)
    gaps = gaps + call.gaps
    state.gaps = state.gaps + call.gaps
    state.failures, state.error, state.committed = 0, '', call.token
    if somebody_is_failing and redis.call('SISMEMBER', FAILING, feed) == 1 then write('SREM', FAILING, feed) end
  elseif call.operation == 'fail' then
    state.failures, state.error = state.failures + 1, call.why
    if call.again == '-' and not paused then write('SREM', FAILING, feed) else write('SADD', FAILING, feed) end
  end
  state.settled = call.token
  keep(feed, state)
  write_together('ZREM', LEASED, feed)
  if paused then
    write('ZREM', SCHEDULE, feed)
  elseif call.again == '-' then
    write('ZREM', SCHEDULE, feed)
    write('ZADD', DEAD, exact(NOW), feed)
  else
    write_together('ZADD', SCHEDULE, exact(NOW + (state.again and 0 or tonumber(call.again))), feed)
  end
  return '1'
end

local answers = {}
for number, call in ipairs(calls) do answers[number] = settle(call, states[number], cursors[number]) end
if #queue + #behind > 0 then keep_time() end
if logged > 0 then write('HINCRBY', META, 'logged', logged) end
if gaps > 0 then write('HINCRBY', META, 'gaps', gaps) end
apply()
return table.concat(answers)
