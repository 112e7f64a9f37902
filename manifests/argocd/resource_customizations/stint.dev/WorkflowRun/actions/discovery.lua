local phase = (obj.status or {}).phase
local ended = phase == "Succeeded" or phase == "Failed" or phase == "Cancelled"
local cancelled = obj.spec.cancel == true
local held = obj.spec.suspend == true

return {
  ["suspend"] = { disabled = ended or cancelled or held, iconClass = "fa fa-fw fa-pause", displayName = "Suspend" },
  ["resume"] = { disabled = ended or cancelled or not held, iconClass = "fa fa-fw fa-play", displayName = "Resume" },
  ["cancel"] = { disabled = ended or cancelled, iconClass = "fa fa-fw fa-stop", displayName = "Cancel" },
  ["retry"] = { disabled = phase ~= "Failed" and phase ~= "Cancelled", iconClass = "fa fa-fw fa-redo", displayName = "Retry" },
}
