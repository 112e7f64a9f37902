-- The API server makes the name, and Stint the Workflow its owner.
return {
  {
    operation = "create",
    resource = {
      apiVersion = obj.apiVersion,
      kind = "WorkflowRun",
      metadata = { generateName = obj.metadata.name .. "-", namespace = obj.metadata.namespace },
      spec = { workflowRef = { name = obj.metadata.name } },
    },
  },
}
