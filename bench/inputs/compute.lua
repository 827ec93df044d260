-- Permutations, matrices, closures, strings and tables. The argument is the amount of work.
local work = tonumber(arg[1])
local sum = 0

local function permutations(list, n, visit)
  if n == 0 then return visit(list) end
  for i = 1, n do
    list[i], list[n] = list[n], list[i]
    permutations(list, n - 1, visit)
    list[i], list[n] = list[n], list[i]
  end
end

local function product(a, b, size)
  local out = {}
  for i = 1, size do
    local row = {}
    for j = 1, size do
      local dot = 0.0
      for k = 1, size do dot = dot + a[i][k] * b[k][j] end
      row[j] = dot
    end
    out[i] = row
  end
  return out
end

local function counter(step)
  local count = 0
  return function() count = count + step return count end
end

for turn = 1, work do
  permutations({1, 2, 3, 4, 5, 6, 7}, 7, function(list) sum = (sum * 31 + list[1 + turn % 7] * list[2]) % 1000003 end)
  local size, a = 20, {}
  for i = 1, size do
    a[i] = {}
    for j = 1, size do a[i][j] = (i * j + turn) % 7 / 8 end
  end
  local p = product(a, product(a, a, size), size)
  local next_value = counter(turn)
  for _ = 1, 5000 do sum = (sum + next_value()) % 1000003 end
  local parts = {}
  for i = 1, 800 do parts[#parts + 1] = string.format("%d:%s", i, ("x"):rep(i % 5)) end
  local text = table.concat(parts, ",")
  local found = select(2, text:gsub("(%d+):x+", "%1"))
  table.sort(parts)
  print(turn, sum, string.format("%.3f", p[3][5]), found, parts[turn % 800 + 1])
end
