-- Follows the last run that ended. A run of an older definition counts no more once the definition has changed: while the run
-- that OnApply starts of the new one has not ended, the Workflow is in progress, so that a sync waits for it.
local status = obj.status or {}
local generation = obj.metadata.generation or 0

if (status.observedGeneration or 0) < generation then
  return { status = "Progressing", message = "Stint has not looked at generation " .. tostring(generation) .. " yet" }
end

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Valid" and condition.status == "False" then
    return { status = "Degraded", message = condition.reason .. ": " .. (condition.message or "") }
  end
end

local completed = status.lastCompletedRun
local active = status.activeRuns or 0
local underway = ""
if active > 0 then
  underway = "; " .. tostring(active) .. " under way"
  if status.lastRun ~= nil and (completed == nil or status.lastRun.name ~= completed.name) then
    underway = "; run " .. status.lastRun.name .. " is " .. (status.lastRun.phase or "under way")
  end
end

local last = "It has not run yet"
if completed ~= nil then
  last = "Run " .. completed.name .. " " .. (completed.phase or "ended")
  if completed.reason ~= nil and completed.reason ~= completed.phase then
    last = last .. ", " .. completed.reason
  end
  if (completed.message or "") ~= "" then
    last = last .. ": " .. completed.message
  end
end

if obj.spec.suspend == true then
  return { status = "Suspended", message = "No new run starts (spec.suspend). " .. last .. underway }
end

-- Without a number it never began: nothing says that it was an older definition.
local current = completed ~= nil and (completed.workflowGeneration or generation) >= generation
if (obj.spec.run or "OnApply") == "OnApply" and not current then
  if (status.startedGeneration or 0) < generation then
    return { status = "Progressing", message = "A run of generation " .. tostring(generation) .. " starts next. " .. last .. underway }
  elseif active > 0 then
    return { status = "Progressing", message = "The run of generation " .. tostring(generation) .. " has not ended" .. underway .. ". Before: " .. last }
  end
end

if completed == nil then
  return { status = "Healthy", message = last .. underway }
elseif not current then
  return { status = "Healthy", message = "It has not run since it was changed. Before: " .. last .. underway }
elseif completed.phase == "Succeeded" then
  return { status = "Healthy", message = last .. underway }
end
return { status = "Degraded", message = last .. underway }
