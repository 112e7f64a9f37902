/** Operators that live as long as a test file or a test, and never longer. */
import { afterAll, afterEach, beforeAll, inject, type TestContext } from "vitest";
import { Operator } from "./operator.ts";

/** One operator for all tests of a file, or of the `describe` that it is called in. */
export function operatorForFile(flags: readonly string[] = []): () => Operator {
  let operator: Operator | undefined;
  const current = (): Operator => {
    if (operator === undefined) throw new Error("the operator is started before the first test");
    return operator;
  };
  beforeAll(async () => {
    operator = Operator.start(inject("operatorKubeconfig"), flags);
    await operator.ready();
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.error(`the operator's log ends with:\n${operator?.tail() ?? ""}`);
  });
  afterAll(async () => {
    await operator?.stop();
  });
  return current;
}

/** One operator for the current test. It may be stopped or killed before the test ends. */
export function operatorForTest(
  test: TestContext,
  flags: readonly string[] = [],
  kubeconfig: string = inject("operatorKubeconfig"),
  /** Another one than the checkout's. */
  program?: string,
): Operator {
  const operator = Operator.start(kubeconfig, flags, program);
  test.onTestFailed(() => {
    // One that the test killed itself had its chance to be looked at.
    if (!operator.wasKilled) console.error(`the operator's log ends with:\n${operator.tail()}`);
  });
  test.onTestFinished(async () => {
    await operator.stop();
  });
  return operator;
}
