import { describe, expect, it } from "vitest";
import { NESTING_MAX } from "./cel/parser.ts";
import { EXPRESSION_CHARS_MAX } from "./cel/tokens.ts";
import { evaluateWhen, parseWhen } from "./when.ts";
import type { When, WhenFacts } from "./when.ts";

/** A run whose task "load" succeeded with rows=42, "my-task" failed with x-y="1", and "optional" was skipped. */
const facts: WhenFacts = {
  param: (name) =>
    new Map([
      ["region", "eu"],
      ["count", "12"],
      ["empty", ""],
      ["my-param", "v"],
    ]).get(name),
  status: (task) =>
    new Map([
      ["load", "Succeeded"],
      ["my-task", "Failed"],
      ["optional", "Skipped"],
    ]).get(task),
  result: (task, result) =>
    new Map([
      ["load rows", "42"],
      ["my-task x-y", "1"],
    ]).get(`${task} ${result}`),
  run: (field) =>
    new Map([
      ["name", "sales-1"],
      ["ds", "2026-11-28"],
      ["ts", "2026-11-28T23:30:00Z"],
    ]).get(field),
};

function parsedWhen(source: string): When {
  const when = parseWhen(source);
  if ("problem" in when) throw new Error(when.problem);
  return when;
}

function outcome(source: string, given: WhenFacts = facts): unknown {
  const result = evaluateWhen(parsedWhen(source), given);
  return "value" in result ? result.value : result.problem;
}

function problemOf(source: string): string {
  const when = parseWhen(source);
  return "problem" in when ? when.problem : "no problem";
}

describe("a condition", () => {
  it.each([
    ['params.region == "eu" && tasks.load.status == "Succeeded"', true],
    ['tasks["my-task"].status == "Succeeded"', false],
    ['params["my-param"] == "v"', true],
    ["int(tasks.load.results.rows) > 41", true],
    ['tasks["my-task"].results["x-y"] == "1"', true],
    ['tasks["load"]["status"] in ["Succeeded", "Skipped"]', true],
    ['run.name.startsWith("sales-") && run.ds.endsWith("28") && run.ds.contains("-11-")', true],
    ['run.ds.matches("^2026-\\\\d{2}-\\\\d{2}$")', true],
    ["size(params.region) == 2 && params.region.size() == 2", true],
    ["double(params.count) / 5.0 > 2.3", true],
    ['params.region == "eu" ? params.count == "12" : false', true],
    ['["eu", "us"].exists(r, r == params.region)', true],
    ['["eu", "us"].all(r, r == params.region)', false],
    ["[1, 2, 3].filter(x, x > 1).map(x, x * 2) == [4, 6]", true],
    ["[1, 2, 2].exists_one(x, x == 2)", false],
    ['{"eu": "10", "us": "20"}[params.region] == "10"', true],
    ['timestamp(run.ts).getDayOfWeek() == 6 && timestamp(run.ts).getDayOfWeek("Europe/Berlin") == 0', true],
    ['timestamp(run.ts) - timestamp("2026-11-28T00:00:00Z") > duration("23h")', true],
    ["type(params.region) == string", true],
    ["params.region == 'eu' // the end of the line is the end", true],
    ["\n  params.region\n    == 'eu'\n", true],
    ["false", false],
  ])("%s is %s", (source, want) => {
    expect(outcome(source)).toBe(want);
  });

  it("can be evaluated as often as wanted, each time with other facts", () => {
    const when = parsedWhen('params.region == "eu"');
    const other: WhenFacts = { ...facts, param: () => "us" };

    expect([facts, other, facts].map((given) => evaluateWhen(when, given))).toEqual([
      { value: true },
      { value: false },
      { value: true },
    ]);
  });
});

describe("the presence of what is not there", () => {
  it.each([
    ["has(tasks.load.results.rows)", true],
    ["has(tasks.optional.results.rows)", false],
    ["has(tasks.nobody.results.rows)", false],
    ['has(tasks["my-task"].results["x-y"])', true],
    ['"x-y" in tasks["my-task"].results', true],
    ['"rows" in tasks.optional.results', false],
    ["has(params.region) && !has(params.nope)", true],
    ['"nope" in params', false],
    ["has(tasks.load.status) && !has(tasks.later.status)", true],
    ["has(run.ds) && !has(run.status)", true],
    ['has(tasks.optional.results.rows) && tasks.optional.results.rows == "1"', false],
    ["has(tasks.optional.results.rows) ? int(tasks.optional.results.rows) > 0 : true", true],
  ])("%s is %s", (source, want) => {
    expect(outcome(source)).toBe(want);
  });

  it("is no error where the rest of the expression decides", () => {
    expect(outcome('tasks.optional.results.rows == "1" || tasks.load.status == "Succeeded"')).toBe(true);
    expect(outcome('tasks.optional.results.rows == "1" && tasks.load.status == "Failed"')).toBe(false);
  });

  it.each([
    ['tasks.optional.results.rows == "1"', "task optional has no result rows (it is Skipped)"],
    ['tasks["my-task"].results["a b"] == "1"', "task my-task has no result a b (it is Failed)"],
    [
      'tasks.nobody.results.rows == "1"',
      "task nobody has no result rows; has(tasks.nobody.results.rows) tells beforehand",
    ],
    ['tasks.later.status == "Succeeded"', "task later has no status yet"],
    ['params.nope == "1"', "there is no parameter nope"],
    ['run.nope == "1"', "the run has no nope"],
    ['(has(params.region) ? tasks.optional.results.rows : "2") == "1"', "task optional has no result rows"],
  ])("%s cannot be evaluated, and says which", (source, want) => {
    expect(outcome(source)).toContain(want);
    expect(outcome(source)).toContain(`the expression ${source} cannot be evaluated: `);
  });
});

describe("names that objects of JavaScript have", () => {
  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])(
    "%s is a name like any other",
    (name) => {
      const there: WhenFacts = { ...facts, param: (asked) => (asked === name ? "x" : undefined) };

      expect(outcome(`has(params.${name}) || "${name}" in params`)).toBe(false);
      expect(outcome(`params.${name} == "x"`)).toContain(`there is no parameter ${name}`);
      expect(outcome(`params.${name} == "x" && has(params["${name}"])`, there)).toBe(true);
      expect(
        outcome(`[1].all(${name}, ${name} == 1) && {"${name}": true}.${name} && {"${name}": true}["${name}"]`),
      ).toBe(true);
      expect(outcome(`{"a": 1}.exists(k, k == "a") && !("${name}" in {"a": 1}) && !has({"a": 1}.${name})`)).toBe(true);
      expect(problemOf(name)).toContain(`the name "${name}" is unknown`);
      expect(problemOf(`tasks.${name}`)).toContain("cannot be used as a whole");
      expect(problemOf(`"a".${name}() == "a"`)).toContain(`there is no function ${name}()`);
    },
  );
});

describe("the references", () => {
  it("are each there once, in order, however they are written", () => {
    const source =
      'params.a == "1" && tasks.t.status == "x" && tasks["t"].results.r != params["a"] && has(tasks.t.results["r"]) && "q" in params || run.ds == ""';

    expect(parsedWhen(source).references).toEqual([
      { kind: "param", name: "a" },
      { kind: "status", task: "t" },
      { kind: "result", task: "t", result: "r" },
      { kind: "param", name: "q" },
      { kind: "run", field: "ds" },
    ]);
  });

  it("may be within loops, maps, lists and conditions", () => {
    const source = '[params.a].all(x, {params.b: params.c}[x] == (has(params.d) ? "1" : params.e))';

    expect(parsedWhen(source).references.map((reference) => reference.kind === "param" && reference.name)).toEqual([
      "a",
      "b",
      "c",
      "d",
      "e",
    ]);
  });

  it.each([
    ['tasks[params.x].status == "a"', "the index of tasks is not a text in quotes"],
    ['params[tasks.a.status] == "a"', "the index of params is not a text in quotes"],
    ['tasks["a" + "b"].status == "a"', "the index of tasks is not a text in quotes"],
    ['["a"].exists(t, tasks[t].status == "a")', "the index of tasks is not a text in quotes"],
    ['tasks.a.results[params.x] == "a"', "the index of tasks is not a text in quotes"],
    ["params[1] == 'a'", "the index of params is not a text in quotes"],
    ['tasks.exists(t, t == "a")', "tasks cannot be used as a whole"],
    ["size(params) > 1", "params cannot be used as a whole"],
    ['run == "a"', "run cannot be used as a whole"],
    ["params.x in params", "params cannot be used as a whole"],
    ['tasks.a == "x"', "tasks.a cannot be used as a whole: it has tasks.a.status and tasks.a.results.RESULT"],
    ['"a" in tasks', "tasks cannot be used as a whole"],
    ["has(tasks.a)", "tasks.a cannot be used as a whole"],
    ["has(tasks.a.results)", "tasks.a.results cannot be used as a whole"],
    ["tasks.a.results.exists(r, r == 'x')", "tasks.a.results cannot be used as a whole: name one"],
    ['tasks.a.state == "x"', 'tasks.a has no "state": it has tasks.a.status'],
    ['tasks["my-task"].result.r == "x"', 'tasks["my-task"] has no "result"'],
    ['params.a.b == "x"', 'string has no field "b"'],
    ['tasks.a.status.b == "x"', 'string has no field "b"'],
    ["has(params.a.b)", 'string has no field "b"'],
    ["has(params)", "has() takes a field"],
    ['["a"].all(params, params == "a")', "the name params is taken"],
    ['region == "eu"', 'the name "region" is unknown'],
    ["params.region == eu", 'the name "eu" is unknown; a text takes quotes'],
    ["[1].all(x, true) && x == 1", 'the name "x" is unknown'],
    ["now() > timestamp(run.ts)", "there is no function now()"],
    ["google.protobuf.Timestamp{} == timestamp(run.ts)", "messages of protocol buffers are not supported"],
  ])("%s is refused", (source, want) => {
    expect(problemOf(source)).toContain(want);
  });

  it.each([
    ['tasks.my-task.status == "x"', 'a name with a dash needs an index: tasks["my-task"]'],
    ['tasks.my-2nd-task.status == "x"', 'tasks["my-2nd-task"]'],
    ['params.my-param == "x"', 'params["my-param"]'],
    ["int(tasks.load.results.row-count) > 1", 'tasks.load.results["row-count"]'],
    ['tasks["my-task"].results.row-count == "1"', 'tasks["my-task"].results["row-count"]'],
  ])("%s gets the hint: %s", (source, want) => {
    expect(problemOf(source)).toContain(want);
  });

  it("that are subtracted on purpose get no such hint", () => {
    expect(problemOf("params.a-params.b == 1")).not.toContain("dash");
    expect(problemOf('params.x == "tasks.my-task" + 1')).not.toContain("dash");
    expect(outcome("int(params.count)-int(tasks.load.results.rows) < 0")).toBe(true);
  });
});

describe("what is wrong is said with its place", () => {
  it.each([
    ["", "the expression is empty"],
    [" \n ", "the expression is empty"],
    ['params.region = "eu"', '"=" does not compare, "==" does (column 15)'],
    ["true & false", '"&" is no operator, "&&" is (column 6)'],
    ["true | false", '"|" is no operator, "||" is (column 6)'],
    ["true and false", '"and" is not expected here (column 6); use && for "and"'],
    ["not true", 'use ! for "not"'],
    ["$(params.region) == 'eu'", 'no "$( )" is needed here'],
    ["params.`a-b` == 'x'", 'params["my-param"] (column 8)'],
    ["params.region == 'eu", "the text that begins with ' is never closed (column 18)"],
    ['params.region == "eu\n"', "is never closed (line 1, column 18)"],
    ['("a" == "b"', '"(" is never closed (column 1)'],
    ['"a" == "b")', '")" closes nothing (column 11)'],
    ['("a" == "b"]', '"(" is not closed by "]" (column 12)'],
    ["true &&\n  && false", '"&&" is not expected here (line 2, column 3)'],
    ["true\n&& nope", "(line 2, column 4)"],
    ["a ? b", "something is missing at the end (column 6)"],
    ["9223372036854775808 > 1", "the number is out of the range of int (column 1)"],
    ["1e999 > 1.0", "the number is out of the range of double (column 1)"],
    ['"\\ud800" == ""', '"\\ud800" is no escape; a backslash is written \\\\ (column 2)'],
    ['params.region.matches("(")', "missing closing ): `(` (column 23)"],
    ['params.region.matches("a{1000}")', "is too large for matches()"],
    ["[1].all(1, true)", "all() first takes a name for each element, as in list.all(x, ...) (column 5)"],
    ["int() > 1 && size(1,) > 1", 'something is missing before ")"'],
    ["true && (1 > )", 'something is missing before ")" (column 14)'],
    ["{1: 2, 3}.size() == 2", 'something is missing before "}"'],
    ["1 2 == 3", '"2" is not expected here (column 3)'],
    ["params.in == 1", '"in" is not expected here (column 8)'],
    ["if == 1", '"if" is reserved in CEL and cannot be a name (column 1)'],
  ])("%j", (source, want) => {
    expect(problemOf(source)).toContain(want);
  });
});

describe("types are told before anything runs", () => {
  it.each([
    ["params.region", "the expression gives string, and must give bool"],
    ["1 + 1", "gives int"],
    ["[true]", "gives list(bool)"],
    ["true ? 1 : 2", "gives int"],
    ["params.count > 5", '">" does not work on string and int; int() and double() make numbers of texts (column 14)'],
    [
      "params.count == 5",
      '"==" between string and int never finds them equal; texts are made numbers by int() or double()',
    ],
    ["params.count in [1, 2]", '"in" between string and list(int) never finds them equal'],
    ['"a" in "abc"', '"in" looks into lists and maps, not into string'],
    ["params.count + 1 == '2'", '"+" does not work on string and int'],
    ["!params.region", '"!" does not work on string'],
    ["params.region && true", "what && joins must be bool, not string (column 8)"],
    ["params.region ? true : false", 'what stands before "?" must be bool, not string'],
    ["[1].all(x, x)", "the condition of all(), exists(), filter() and map() must be bool, not int"],
    ["[1].filter(x, 'a').size() == 1", "must be bool, not string"],
    ["'ab'.all(c, c == 'a')", "only lists and maps have elements to go through, not string"],
    ["params.region.startswith('e')", "there is no function startswith(), but startsWith()"],
    ["startsWith(params.region, 'e')", "write x.startsWith(...), not startsWith(x, ...)"],
    ["params.count.int() > 1", "write int(x), not x.int()"],
    ["params.region.startsWith(1)", "startsWith() of string does not take int"],
    ["[1]['a'] == 1", "list(int) has no index of type string"],
    ["[['a']][0][0] == 1", '"==" between string and int'],
    ['{"a": {"b": 1}}.a.b == "1"', '"==" between int and string'],
    ["[1].map(x, string(x)) == [1]", '"==" between list(string) and list(int)'],
    ["(true ? [] : ['a'])[0] == 1", '"==" between string and int'],
    ["params.region == null", '"==" between string and null_type'],
  ])("%s", (source, want) => {
    expect(problemOf(source)).toContain(want);
  });

  it.each([
    ["dyn(params.region)", "it gives string, and must give bool"],
    ["[true, 1][1]", "it gives int, and must give bool"],
    ['params.region == "eu" ? timestamp(run.ts) : true', "it gives timestamp, and must give bool"],
    ["dyn(params.region) && true", "a condition must be bool, not string"],
  ])("and where they are not known, when it runs: %s", (source, want) => {
    expect(outcome(source)).toContain(want);
  });
});

describe("an evaluation that fails says why", () => {
  it.each([
    ['int("") == 0', '"" is no whole number, as int() needs'],
    ['int("0x10") == 16', '"0x10" is no whole number'],
    ['int(" 5") == 5', "is no whole number"],
    ['int("9223372036854775808") > 0', "is out of the range of int()"],
    ['double("abc") > 0.0', '"abc" is no number, as double() needs'],
    ['double("") > 0.0', "is no number"],
    ['bool("yes")', '"yes" is not what bool() takes, such as true'],
    ['timestamp("2026-11-28") > timestamp(0)', "is not what timestamp() takes, such as 2026-11-28T03:00:00Z"],
    ['duration("5") > duration("1s")', "is not what duration() takes, such as 1h30m"],
    ['timestamp(run.ts).getHours("Mars") == 1', '"Mars" is no time zone'],
    ["1 / (int(params.count) - 12) == 1", "divide by zero"],
    ["9223372036854775807 + int(params.count) > 0", "overflow"],
    ['{"eu": true}["us"]', "there is no field or key us"],
    ["[true][1]", "the list has no element at index 1"],
    ['"a".matches(params.region + "(")', "missing closing )"],
    ['"a".matches("((a{9}){9}){9}" + params.region)', "is too large for matches()"],
  ])("%s", (source, want) => {
    expect(outcome(source)).toContain(want);
  });

  it("quotes no more than the beginning of a long expression, on one line", () => {
    const source = `int("x") == 1 || \n  ${'params.region == "xxxxx" || '.repeat(20)} false`;
    const said = String(outcome(source));

    expect(said.length).toBeLessThan(400);
    expect(said).toMatch(
      /^the expression int\("x"\) == 1 \|\| params\.region .* \.\.\. cannot be evaluated: "x" is no whole number/,
    );
  });

  it("quotes no more than the beginning of what a task said", () => {
    const long: WhenFacts = { ...facts, param: () => "x\u0000\n".repeat(50_000) };

    expect(String(outcome("int(params.a) == 1", long)).length).toBeLessThan(300);
    expect(String(outcome("int(params.a) == 1", long))).not.toContain("\n");
  });
});

describe("bounds", () => {
  const list = (length: number): string => `[${Array.from({ length }, (_, index) => index).join(",")}]`;
  const wrapped = (depth: number): string => `${"(".repeat(depth)}true${")".repeat(depth)}`;

  it("on the length", () => {
    const padded = (length: number): string => `true${" ".repeat(length - 4)}`;

    expect(outcome(padded(EXPRESSION_CHARS_MAX))).toBe(true);
    expect(problemOf(padded(EXPRESSION_CHARS_MAX + 1))).toBe(
      "an expression has at most 4096 characters, this one has 4097",
    );
  });

  it("on brackets within each other", () => {
    expect(outcome(wrapped(NESTING_MAX))).toBe(true);
    expect(problemOf(wrapped(NESTING_MAX + 1))).toContain("more than 50 brackets within each other (column 51)");
    expect(problemOf("[".repeat(4000))).toContain("more than 50 brackets");
  });

  it("on parts within each other, and in all", () => {
    expect(problemOf(`1${" + 1".repeat(200)} > 0`)).toContain("more than 100 parts within each other");
    expect(problemOf(`params${".a".repeat(2000)} == ""`)).toContain("more than 100 parts within each other");
    expect(problemOf(`[${"1,".repeat(1900)}] == []`)).toBe("no problem");
    expect(problemOf(`[${"1,".repeat(2000)}] == []`)).toContain("more than 2000 parts");
    expect(outcome(`${"!".repeat(4000)}true`)).toBe(true);
  });

  it("on loops within loops, whatever makes their lists", () => {
    expect(outcome(`${list(30)}.exists(x, ${list(30)}.exists(y, x + y == 58))`)).toBe(true);
    const tooMuch = [
      `${list(60)}.all(x, ${list(60)}.all(y, x + y >= 0))`,
      `${list(600)}.map(x, x + 1).all(y, y > 0)`,
      `${list(60)}.map(x, ${list(60)}).all(r, r.all(v, v >= 0))`,
      `${"[1,2].all(x, ".repeat(20)}true${")".repeat(20)}`,
      `${list(20)}.all(x, ("a" + string(x)).matches("^(a|b|c){40}$"))`,
    ];

    for (const source of tooMuch) expect(problemOf(source)).toContain("could make too much work");
  });

  it("on what long texts make of an expression, and says which text", () => {
    const long: WhenFacts = { ...facts, result: () => "a".repeat(200_000) };

    expect(outcome('tasks.load.results.r != "[]" && tasks.load.results.r.startsWith("a")', long)).toBe(true);
    expect(outcome('tasks.load.results.r.contains("b")', long)).toBe(false);
    expect(outcome("tasks.load.results.r.contains(tasks.load.results.r + params.region)", long)).toContain(
      "could make too much work: tasks.load.results.r is too long for that, with 200000 characters",
    );
    expect(outcome('tasks.load.results.r.matches("b")', long)).toContain("matches() takes texts up to 8192 characters");
    expect(outcome(`${list(30)}.all(x, size(tasks.load.results.r + string(x)) > x)`, long)).toContain("too much work");
  });
});
