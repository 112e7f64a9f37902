import { expect, it } from "vitest";
import { parseAuditLine } from "../cluster/audit.ts";
import { boundTo, parseObjects, rightsOf, rightUsed, STINT } from "./rights.ts";

const MANIFESTS = `
kind: ClusterRole
metadata: {name: stint}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, list]}
  - {apiGroups: [stint.dev], resources: [taskruns/status], verbs: [update]}
---
kind: ClusterRole
metadata: {name: other}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
kind: Role
metadata: {name: lease, namespace: stint-system}
rules: [{apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [stint], verbs: [get]}]
---
kind: ClusterRoleBinding
metadata: {name: stint}
roleRef: {kind: ClusterRole, name: stint}
subjects: [{kind: ServiceAccount, name: stint, namespace: stint-system}]
---
kind: RoleBinding
metadata: {name: lease, namespace: stint-system}
roleRef: {kind: Role, name: lease}
subjects: [{kind: ServiceAccount, name: stint, namespace: stint-system}]
---
kind: ClusterRoleBinding
metadata: {name: other}
roleRef: {kind: ClusterRole, name: other}
subjects: [{kind: ServiceAccount, name: stint, namespace: elsewhere}]
`;

it("finds the roles that are bound to an account, and every right of them", () => {
  const bound = boundTo(parseObjects(MANIFESTS), STINT);

  expect(bound.map(({ role, namespace, rules }) => [role, namespace, rightsOf(rules)])).toEqual([
    ["stint", undefined, ["get pods", "list pods", "update stint.dev/taskruns/status"]],
    ["lease", "stint-system", ["get coordination.k8s.io/leases"]],
  ]);
  expect(
    boundTo(parseObjects(MANIFESTS), { ...STINT, namespace: "elsewhere" }).map(({ rules }) => rightsOf(rules)),
  ).toEqual([["get /metrics"]]);
});

it("does not take a binding to a missing role for no rights", () => {
  const objects = parseObjects(MANIFESTS).filter(({ kind }) => kind !== "Role");

  expect(() => boundTo(objects, STINT)).toThrow(/lease binds lease, which is not there/);
});

it.each([
  [{ resource: "pods" }, "get pods"],
  [{ resource: "taskruns", apiGroup: "stint.dev", subresource: "status" }, "get stint.dev/taskruns/status"],
  [undefined, undefined],
])("reads from the audit log which right was used: %j", (objectRef, want) => {
  const entry = parseAuditLine(JSON.stringify({ auditID: "a", verb: "get", objectRef }));

  expect(entry && rightUsed(entry)).toBe(want);
});
