local held = obj.spec.suspend == true
local status = obj.status or {}
local runnable = true
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Valid" and condition.status == "False" and status.observedGeneration == obj.metadata.generation then
    runnable = false
  end
end
-- Nobody is asked for values here.
for _, param in ipairs(obj.spec.params or {}) do
  if param.default == nil then
    runnable = false
  end
end

return {
  ["run-now"] = { disabled = not runnable, iconClass = "fa fa-fw fa-plus", displayName = "Run now" },
  ["suspend"] = { disabled = held, iconClass = "fa fa-fw fa-pause", displayName = "Suspend" },
  ["resume"] = { disabled = not held, iconClass = "fa fa-fw fa-play", displayName = "Resume" },
}
