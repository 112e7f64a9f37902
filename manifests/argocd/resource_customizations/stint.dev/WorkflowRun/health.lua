-- Follows the condition Succeeded; what the operator has not looked at yet is in progress, whatever it said before.
-- A cancelled run is Degraded: it has not done what comes after it waits for.
local status = obj.status or {}
local generation = obj.metadata.generation or 0

if (status.observedGeneration or 0) < generation then
  return { status = "Progressing", message = "Stint has not looked at generation " .. tostring(generation) .. " yet" }
end

local succeeded = nil
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Succeeded" then
    succeeded = condition
  end
end
if succeeded == nil then
  return { status = "Progressing", message = "Nothing is said of it yet" }
end

local message = succeeded.reason
if (succeeded.message or "") ~= "" then
  message = message .. ": " .. succeeded.message
end
if succeeded.status == "True" then
  return { status = "Healthy", message = message }
elseif succeeded.status == "False" then
  return { status = "Degraded", message = message }
elseif status.phase == "Suspended" then
  return { status = "Suspended", message = message }
end
if status.progress ~= nil then
  message = status.progress .. " " .. message
end
return { status = "Progressing", message = message }
