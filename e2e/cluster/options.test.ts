import { describe, expect, test } from "vitest";
import { clusterDir, fitToHost, MAX_DIR_BYTES, parseOptions } from "./options.ts";

const root = { platform: "linux", isRoot: true } as const;

describe("options", () => {
  test("nothing set means one real node and none simulated", () => {
    const { options, problems, notes } = parseOptions({ CLUSTER_DIR: "/c" }, root);
    expect({ options, problems, notes }).toEqual({
      options: { dir: "/c", realNodes: 1, simulatedNodes: 0 },
      problems: [],
      notes: [],
    });
  });

  test("every problem is reported, with its variable and what it may be", () => {
    const env = { REAL_NODES: "many", SIMULATED_NODES: "-1", CLUSTER_DIR: `/a b${"x".repeat(MAX_DIR_BYTES)}` };
    const { problems } = parseOptions(env, root);
    expect(problems).toHaveLength(4);
    expect(problems[0]).toBe('REAL_NODES is "many"; it must be a whole number from 0 to 8');
    expect(problems[1]).toContain('SIMULATED_NODES is "-1"');
    expect(problems[2]).toContain(`at most ${MAX_DIR_BYTES} bytes`);
    expect(problems[3]).toContain("only letters");
  });

  test("a long folder is fine where no real node has sockets in it", () => {
    const env = { REAL_NODES: "0", CLUSTER_DIR: `/${"x".repeat(MAX_DIR_BYTES)}` };
    expect(parseOptions(env, root).problems).toEqual([]);
    const elsewhere = { platform: "darwin", isRoot: false } as const;
    expect(parseOptions({ ...env, REAL_NODES: "1" }, elsewhere).problems).toEqual([]);
  });

  test("after how much silence a node is lost is Kubernetes' own choice unless given", () => {
    const given = (text: string): unknown => parseOptions({ NODE_LOSS_SECONDS: text }, root).options.nodeLossSeconds;
    expect([given(""), given("10")]).toEqual([undefined, 10]);
    expect(parseOptions({ NODE_LOSS_SECONDS: "3" }, root).problems).toEqual([
      'NODE_LOSS_SECONDS is "3"; it must be a whole number from 4 to 600',
    ]);
  });

  test("an empty variable counts as not set", () => {
    expect(parseOptions({ REAL_NODES: "", CLUSTER_DIR: "/c" }, root).options.realNodes).toBe(1);
  });

  test.each([
    { platform: "linux", isRoot: false },
    { platform: "darwin", isRoot: true },
  ] as const)("on $platform, root $isRoot, the nodes are simulated", (host) => {
    const { options, notes } = fitToHost({ dir: "/c", realNodes: 2, simulatedNodes: 0 }, host);
    expect(options).toEqual({ dir: "/c", realNodes: 0, simulatedNodes: 1 });
    expect(notes[0]).toContain("nothing in them is executed");
  });

  test("the folder follows CLUSTER_DIR, then XDG_STATE_HOME, then the home folder", () => {
    expect(clusterDir({ CLUSTER_DIR: "/c/../d/", XDG_STATE_HOME: "/s" })).toBe("/d");
    expect(clusterDir({ XDG_STATE_HOME: "/s" })).toBe("/s/stint/cluster");
    expect(clusterDir({})).toMatch(/\/\.local\/state\/stint\/cluster$/);
  });
});
