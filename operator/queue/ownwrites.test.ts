import { describe, expect, it } from "vitest";
import { aWorld } from "../testing/scripted.ts";
import { OwnWrites } from "./ownwrites.ts";

const at = (versions: { taskruns?: string; pods?: string }) => (resource: "taskruns" | "pods") =>
  versions[resource] ?? "0";

describe("own writes", () => {
  it("of an owner nobody wrote for are all seen", () => {
    expect(new OwnWrites(aWorld().port).unseen("uid", at({}))).toEqual([]);
  });

  it.each([
    { it: "an older store does not show it", store: "99", want: ["pods"] },
    { it: "the same version shows it", store: "100", want: [] },
    { it: "a newer one shows it", store: "101", want: [] },
    { it: "a longer number is a newer one", store: "1000", want: [] },
    {
      it: "versions longer than a JavaScript number are compared by every digit",
      note: "90071992547409931",
      store: "90071992547409930",
      want: ["pods"],
    },
    { it: "a version that is no number is trusted", store: "abc", want: [] },
    { it: "a write without a version cannot be waited for", note: "", store: "1", want: [] },
  ])("$it", ({ note = "100", store, want }) => {
    const writes = new OwnWrites(aWorld().port);
    writes.note("uid", "pods", note);

    expect(writes.unseen("uid", at({ pods: store }))).toEqual(want);
  });

  it("are waited for per resource, and one seen is seen for good", () => {
    const writes = new OwnWrites(aWorld().port);
    writes.note("uid", "pods", "100");
    writes.note("uid", "taskruns", "101");
    const first = writes.unseen("uid", at({ pods: "100", taskruns: "90" }));
    const second = writes.unseen("uid", at({ pods: "1", taskruns: "90" }));
    const third = writes.unseen("uid", at({ taskruns: "101" }));

    expect([first, second, third]).toEqual([["taskruns"], ["taskruns"], []]);
  });

  it("of one owner do not hold up another", () => {
    const writes = new OwnWrites(aWorld().port);
    writes.note("uid", "pods", "100");

    expect(writes.unseen("another", at({}))).toEqual([]);
  });

  it("know how long they have been missing, and forget when dropped", async () => {
    const world = aWorld();
    const writes = new OwnWrites(world.port);
    writes.note("uid", "pods", "100");
    await world.advance(1500);
    const waited = writes.waitedMs("uid");
    writes.drop("uid");

    expect([waited, writes.waitedMs("uid"), writes.unseen("uid", at({}))]).toEqual([1500, undefined, []]);
  });
});
