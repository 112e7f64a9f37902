-- A new id starts a retry of what failed. A cancelled run is retried once cancel is taken back.
local os = require("os")
obj.spec.retry = { id = "argocd-" .. os.date("!%Y%m%d-%H%M%S") }
if obj.spec.cancel == true then
  obj.spec.cancel = false
end
return obj
