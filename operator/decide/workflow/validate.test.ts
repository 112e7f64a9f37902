import { describe, expect, it } from "vitest";
import { ENV, env, problemsOf, task, tasks } from "../../testing/definitions.ts";
import { problemsMessage } from "./validate.ts";

describe("many problems", () => {
  it("come in the order of the spec", () => {
    const spec = {
      finally: [task("z", env("$(item)"))],
      tasks: [
        task("b", { dependsOn: ["x"], forEach: {}, ...env("$(params.p)"), retry: { backoff: { maxSeconds: 1 } } }),
        task("a", { dependsOn: ["y"] }),
      ],
      taskDefaults: { startDeadlineSeconds: 2, activeDeadlineSeconds: 1 },
      params: [{ name: "q", default: "1", enum: ["2"] }],
    };

    expect(problemsOf(spec).map(({ path }) => path)).toEqual([
      "spec.params[q].default",
      "spec.taskDefaults.startDeadlineSeconds",
      "spec.tasks[b].dependsOn[0]",
      "spec.tasks[b].forEach",
      `spec.tasks[b].${ENV}`,
      "spec.tasks[b].retry.backoff.maxSeconds",
      "spec.tasks[a].dependsOn[0]",
      `spec.finally[z].${ENV}`,
    ]);
  });

  it("are at most 100, and the message says that there may be more", () => {
    const found = problemsOf(
      tasks(...Array.from({ length: 500 }, (_, index) => task(`t${index}`, { dependsOn: [`x${index}`] }))),
    );
    const message = problemsMessage(found);

    expect(found).toHaveLength(100);
    expect(message).toMatch(/^spec\.tasks\[t0\]\.dependsOn\[0\]: there is no task "x0".* \(and at least \d+ more\)$/);
    expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(1024);
  });

  it("read as sentences", () => {
    const found = problemsOf(tasks(task("extract"), task("load", { dependsOn: ["extrct"], ...env("$(item)") })));

    expect(problemsMessage(found)).toBe(
      'spec.tasks[load].dependsOn[0]: there is no task "extrct"; did you mean "extract"? ' +
        `spec.tasks[load].${ENV}: $(item) stands for an element of forEach, and the task has none; add forEach.`,
    );
  });
});
