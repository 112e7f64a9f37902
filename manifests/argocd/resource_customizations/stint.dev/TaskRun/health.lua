-- Follows the condition Succeeded; what the operator has not looked at yet is in progress, whatever it said before.
-- A cancelled TaskRun is Degraded: it has not done what comes after it waits for.
-- UnknownFate is Progressing: a new attempt, by another sync, could run beside the old one.
local status = obj.status or {}
local generation = obj.metadata.generation or 0
local manager = obj.spec.managedBy or "stint.dev/operator"

if (status.observedGeneration or 0) < generation then
  local message = "Stint has not looked at generation " .. tostring(generation) .. " yet"
  if manager ~= "stint.dev/operator" then
    message = "Left to " .. manager .. " (spec.managedBy)"
  end
  return { status = "Progressing", message = message }
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
if (status.attempt or 0) > 1 then
  message = message .. " (attempt " .. tostring(status.attempt) .. ")"
end
return { status = "Progressing", message = message }
