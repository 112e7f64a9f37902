-- Changed work runs again, and what the pod's annotations say is part of the work.
local os = require("os")
local template = obj.spec.template or {}
template.metadata = template.metadata or {}
template.metadata.annotations = template.metadata.annotations or {}
template.metadata.annotations["run-again"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
obj.spec.template = template
return obj
