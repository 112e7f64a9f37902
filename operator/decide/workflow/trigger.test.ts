import { describe, expect, it } from "vitest";
import { TRIGGER_RULES } from "../../api/names.ts";
import type { TriggerRule } from "./model.ts";
import { verdictOf } from "./trigger.ts";
import type { Verdict } from "./trigger.ts";

/** One letter per upstream task: S succeeded, F failed (in any way), K skipped, a dot for one that is not done. */
function verdict(rule: TriggerRule, upstream: string): Verdict {
  const count = (letter: string): number => upstream.split(letter).length - 1;
  const [succeeded, failed, skipped] = [count("S"), count("F"), count("K")];
  return verdictOf(rule, { upstream: upstream.length, done: succeeded + failed + skipped, succeeded, failed, skipped });
}

describe("a trigger rule", () => {
  it.each<readonly [string, Readonly<Record<TriggerRule, string>>]>(
    [
      // The verdict's first letter: run, wait, Skipped, UpstreamFailed. In the order of TRIGGER_RULES.
      ["", "rrrrrrrrr"],
      ["..", "wwwwwwwwr"],
      ["S.", "wwwrwwwwr"],
      ["F.", "wwwwrwwwr"],
      ["K.", "wwwwwwwwr"],
      ["SF.", "wwwrrwwwr"],
      ["SS", "rrSrSrrrr"],
      ["FF", "UrrUrUUrr"],
      ["KK", "SrSSSrSSr"],
      ["SF", "UrSrrUUrr"],
      ["SK", "SrSrSrrSr"],
      ["FK", "UrSUrUUSr"],
      ["SFK", "UrSrrUUSr"],
    ].map(([upstream = "", letters = ""]) => [
      upstream,
      Object.fromEntries(TRIGGER_RULES.map((rule, index) => [rule, letters[index] ?? ""])) as Record<
        TriggerRule,
        string
      >,
    ]),
  )("over upstream tasks %j", (upstream, want) => {
    const found = Object.fromEntries(TRIGGER_RULES.map((rule) => [rule, verdict(rule, upstream)[0]]));

    expect(found).toEqual(want);
  });

  it.each(TRIGGER_RULES)("%s never changes a verdict as more upstream tasks end, and is sure once all have", (rule) => {
    const changed: string[] = [];
    const visit = (upstream: string, left: number): void => {
      const now = verdict(rule, upstream + ".".repeat(left));
      if (left === 0 && now === "wait") changed.push(upstream);
      for (const letter of left === 0 ? "" : "SFK") {
        const next = verdict(rule, upstream + letter + ".".repeat(left - 1));
        if (now !== "wait" && next !== now) changed.push(upstream + letter);
        if (left > 1 && next !== "wait" && next !== "run") changed.push(upstream + letter);
        visit(upstream + letter, left - 1);
      }
    };
    for (const size of [1, 2, 3, 4]) visit("", size);

    expect(changed).toEqual([]);
  });
});
