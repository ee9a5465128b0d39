-- ARGV: where to go on ('' = look whether it is needed). Notes the ids of the log's events again, if they were lost.
-- Returns where to go on; '' where all is well.
local STEP = 500
local place = ARGV[1]
if place == '' then place = redis.call('HGET', META, 'rebuilding') end
if not place then
  if redis.call('EXISTS', IDS) == 1 or redis.call('EXISTS', EVENTS) == 0 or redis.call('XLEN', EVENTS) == 0 then return '' end
  place = '-'
end
local entries = redis.call('XRANGE', EVENTS, place, '+', 'COUNT', STEP)
for _, entry in ipairs(entries) do
  local readable, event = pcall(cjson.decode, entry[2][2])
  if readable and type(event) == 'table' and type(event.id) == 'string' then
    write('ZADD', IDS, 'NX', exact(tonumber(string.match(entry[1], '%d+')) / 1000), event.id)
  end
end
if #entries < STEP then
  write('HDEL', META, 'rebuilding')
  apply()
  return ''
end
place = '(' .. entries[#entries][1]
write('HSET', META, 'rebuilding', place)
apply()
return place
