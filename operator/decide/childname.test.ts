import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelValue, podName, shortHash } from "./childname.ts";

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Names the API server accepts for a TaskRun: up to 253 characters, with dots and dashes. */
const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?$/);
const names = fc
  .array(part, { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join("."))
  .filter((name) => name.length <= 253);
const attempts = fc.integer({ min: 1, max: 999_999 });
const uids = fc.uuid();

describe("podName", () => {
  it("reads owner, attempt, and a hash of the owner's uid", () => {
    expect(podName("train", 2, "uid-1")).toMatch(/^train-2-[a-z0-9]{6}$/);
  });

  it("is a name the API server accepts and a host name can hold, for every owner", () => {
    fc.assert(
      fc.property(names, attempts, uids, (name, attempt, uid) => {
        const pod = podName(name, attempt, uid);

        expect(pod.length).toBeLessThanOrEqual(63);
        expect(pod).toMatch(DNS_SUBDOMAIN);
      }),
    );
  });

  it("is the same every time, and differs by attempt, by uid and by owner, however long the names are", () => {
    fc.assert(
      fc.property(names, attempts, uids, uids, (name, attempt, uid, other) => {
        fc.pre(uid !== other);
        const all = [
          podName(name, attempt, uid),
          podName(name, attempt + 1, uid),
          podName(name, attempt, other),
          podName(`${name}x`, attempt, uid),
        ];

        expect(podName(name, attempt, uid)).toBe(all[0]);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it("does not mix up an owner whose name ends like an attempt with another's attempt", () => {
    expect(podName("train", 11, "u")).not.toBe(podName("train-1", 1, "u"));
  });

  it.each([
    ["a name of 253 characters", "a".repeat(253)],
    ["a cut that would fall on a dot", `${"a".repeat(45)}${".".repeat(1)}${"b".repeat(60)}`],
    ["a cut that would fall on dashes", `${"a".repeat(40)}${"-".repeat(20)}${"b".repeat(60)}`],
  ])("takes %s", (_, name) => {
    for (let attempt = 1; attempt <= 100_000; attempt *= 10) {
      expect(podName(name, attempt, "uid")).toMatch(DNS_SUBDOMAIN);
      expect(podName(name, attempt, "uid").length).toBeLessThanOrEqual(63);
    }
  });
});

describe("labelValue", () => {
  it("is the name itself as long as it fits", () => {
    expect(labelValue("a".repeat(63))).toBe("a".repeat(63));
  });

  it("is a label value the API server accepts, and told apart where it was cut", () => {
    fc.assert(
      fc.property(names, (name) => {
        const long = `${name}${"z".repeat(64)}`;

        expect(labelValue(name)).toMatch(LABEL_VALUE);
        expect(labelValue(long).length).toBeLessThanOrEqual(63);
        expect(labelValue(long)).not.toBe(labelValue(`${long}z`));
      }),
    );
  });
});

describe("shortHash", () => {
  it("does not change between versions: pods made before an upgrade must be found after it", () => {
    expect([shortHash(""), shortHash("uid-1"), shortHash("é😀")]).toEqual(["s6vf8j", "2z47vl", "dfhb6p"]);
  });

  it("spreads 100,000 uids with few collisions", () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, index) => shortHash(`uid-${index}`)));

    expect(hashes.size).toBeGreaterThan(99_950);
  });
});
