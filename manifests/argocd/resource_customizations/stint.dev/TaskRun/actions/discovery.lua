local phase = (obj.status or {}).phase
local ended = phase == "Succeeded" or phase == "Failed" or phase == "Cancelled"
local ours = (obj.spec.managedBy or "stint.dev/operator") == "stint.dev/operator"
local cancelled = obj.spec.cancel == true
local held = obj.spec.suspend == true
-- Tasks of a run are started by it: its own action retry is for them.
local alone = obj.spec.rerun ~= "Never"

return {
  ["suspend"] = { disabled = not ours or ended or cancelled or held, iconClass = "fa fa-fw fa-pause", displayName = "Suspend" },
  ["resume"] = { disabled = not ours or ended or cancelled or not held, iconClass = "fa fa-fw fa-play", displayName = "Resume" },
  ["cancel"] = { disabled = not ours or ended or cancelled, iconClass = "fa fa-fw fa-stop", displayName = "Cancel" },
  ["run-again"] = { disabled = not ours or not ended or cancelled or not alone, iconClass = "fa fa-fw fa-redo", displayName = "Run again" },
}
