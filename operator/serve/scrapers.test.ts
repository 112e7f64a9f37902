import { describe, expect, it } from "vitest";
import { ConnectionError, type ApiRequest, type ApiResponse } from "../api/port.ts";
import { aWorld, type World } from "../testing/scripted.ts";
import {
  ALLOWED_MS,
  KEPT_FOR_ALLOWED,
  REFUSED_MAX,
  REFUSED_MS,
  REVIEWS_AT_ONCE_MAX,
  Scrapers,
  UNKNOWN_BURST_MAX,
  UNKNOWN_PER_SECOND,
} from "./scrapers.ts";

const USER = { username: "system:serviceaccount:monitoring:prometheus", uid: "7", groups: ["g"], extra: { a: ["b"] } };
const KNOWN = reviewed({ authenticated: true, user: USER });
const ALLOWED = reviewed({ allowed: true });

it("asks who has the token, then whether that user may get /metrics", async () => {
  const { world, ask } = scrapers();

  expect(await ask("Bearer good")).toBe(200);
  expect(world.seen.map(({ path, body }) => [path, body])).toEqual([
    [
      "/apis/authentication.k8s.io/v1/tokenreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "good" } },
    ],
    [
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: USER.username,
          uid: "7",
          groups: ["g"],
          extra: { a: ["b"] },
          nonResourceAttributes: { path: "/metrics", verb: "get" },
        },
      },
    ],
  ]);
});

describe("answers", () => {
  it.each<{ name: string; header?: string; token?: Answer; access?: Answer; want: number }>([
    { name: "401 without a header", want: 401 },
    { name: "401 to a password", header: "Basic YTpi", want: 401 },
    { name: "401 to what no token is like", header: "Bearer a b", want: 401 },
    { name: "401 to an empty token", header: "Bearer ", want: 401 },
    { name: "401 to an unknown token", header: "Bearer x", token: reviewed({ authenticated: false }), want: 401 },
    { name: "401 where nobody is named", header: "Bearer x", token: reviewed({ authenticated: true }), want: 401 },
    { name: "401 to an empty review", header: "Bearer x", token: reviewed({}), want: 401 },
    { name: "403 without the right", header: "Bearer x", access: reviewed({ allowed: false }), want: 403 },
    { name: "403 to a denial", header: "Bearer x", access: reviewed({ allowed: true, denied: true }), want: 403 },
    { name: "403 to words for a verdict", header: "Bearer x", access: reviewed({ allowed: "true" }), want: 403 },
    { name: "503 where we may not review", header: "Bearer x", token: { status: 403, body: undefined }, want: 503 },
    { name: "503 to a reply without status", header: "Bearer x", token: { status: 201, body: {} }, want: 503 },
    { name: "503 to a failing server", header: "Bearer x", access: { status: 500, body: undefined }, want: 503 },
    { name: "503 where no server answers", header: "Bearer x", token: "broken", want: 503 },
    { name: "503 where it breaks off", header: "Bearer x", access: "broken", want: 503 },
    { name: "200 to a scheme in small letters", header: "bearer x", want: 200 },
  ])("$name", async ({ header, token, access, want }) => {
    expect(await scrapers({ token, access }).ask(header)).toBe(want);
  });

  it("never with a word of the token, or of what the API server said", async () => {
    const token = { status: 500, body: { message: "etcd-7 is down" } };
    const { world, refusal } = scrapers({ token });
    const { text } = (await refusal("Bearer secret-token")) ?? { text: "" };

    expect(text).toMatch(/could not be asked/);
    expect(`${text}${world.said.join()}`).not.toMatch(/secret-token/);
    expect(text).not.toMatch(/etcd/);
  });
});

describe("an answer is kept", () => {
  it.each([
    { name: "a yes", access: ALLOWED, want: 200, lifeMs: ALLOWED_MS, calls: 2 },
    { name: "a no", access: reviewed({ allowed: false }), want: 403, lifeMs: REFUSED_MS, calls: 2 },
  ])("for a while: $name", async ({ access, want, lifeMs, calls }) => {
    const { world, ask } = scrapers({ access });
    const statuses = [await ask("Bearer x"), await ask("Bearer x")];
    await world.advance(lifeMs - 1);
    statuses.push(await ask("Bearer x"));

    expect(statuses).toEqual([want, want, want]);
    expect(world.seen).toHaveLength(calls);
    await world.advance(1);
    await ask("Bearer x");
    expect(world.seen).toHaveLength(2 * calls);
  });

  it("no longer than that, also where nobody can be asked any more", async () => {
    let answer: Answer = KNOWN;
    const { world, ask } = scrapers({ token: () => answer });
    expect(await ask("Bearer x")).toBe(200);
    answer = "broken";
    await world.advance(ALLOWED_MS);

    expect(await ask("Bearer x")).toBe(503);
  });

  it("for its own token only", async () => {
    const { ask } = scrapers({ token: (token) => (token === "good" ? KNOWN : reviewed({ authenticated: false })) });

    expect(await ask("Bearer good")).toBe(200);
    expect(await ask("Bearer goo")).toBe(401);
    expect(await ask("Bearer goodd")).toBe(401);
  });

  it("though a thousand others try tokens", async () => {
    const { world, ask } = scrapers({
      token: (token) => (token === "good" ? KNOWN : reviewed({ authenticated: false })),
    });
    await ask("Bearer good");
    for (let n = 0; n < 1000; n += 1) {
      await ask(`Bearer bad-${n}`);
      await world.advance(1);
    }
    const before = world.seen.length;

    expect(await ask("Bearer good")).toBe(200);
    expect(world.seen).toHaveLength(before);
  });
});

describe("while somebody tries tokens", () => {
  const UNKNOWN_AT_ONCE_MAX = REVIEWS_AT_ONCE_MAX - KEPT_FOR_ALLOWED;

  it("the API server is asked about a few at once, and once about each", async () => {
    const gate = Promise.withResolvers<undefined>();
    const { world, ask } = scrapers({ wait: gate.promise });
    const tokens = Array.from({ length: UNKNOWN_AT_ONCE_MAX + 3 }, (_, n) => `Bearer t${n}`);
    const asked = [...tokens, "Bearer t0", "Bearer t0"].map(ask);
    gate.resolve(undefined);
    const statuses = await Promise.all(asked);

    expect(statuses.filter((status) => status === 503)).toHaveLength(3);
    expect(statuses.slice(-2)).toEqual([200, 200]);
    expect(world.seen).toHaveLength(2 * UNKNOWN_AT_ONCE_MAX);
  });

  it("at first the API server is asked a few times, then so often a second; the rest are told to try again, and the log says so once", async () => {
    const { world, ask, refusal } = scrapers({ token: reviewed({ authenticated: false }) });
    const statuses: number[] = [];
    const seconds = 20;
    for (let n = 0; n < seconds * 10; n += 1) {
      statuses.push(await ask(`Bearer bad-${n}`));
      await world.advance(100);
    }
    const { status, text, headers } = (await refusal("Bearer one")) ?? { status: 200, text: "" };

    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect(world.seen.length).toBeGreaterThanOrEqual(UNKNOWN_BURST_MAX + UNKNOWN_PER_SECOND * (seconds - 1));
    expect(world.seen.length).toBeLessThanOrEqual(UNKNOWN_BURST_MAX + UNKNOWN_PER_SECOND * seconds + 1);
    expect([status, text, headers]).toEqual([503, expect.stringMatching(/try again/), { "retry-after": "1" }]);
    expect(world.said).toEqual([expect.stringMatching(/^many ask for the metrics/)]);
  });

  it("who was allowed before is asked about again when their time is over, and gets the metrics", async () => {
    const never = Promise.withResolvers<undefined>();
    const { world, ask } = scrapers({ wait: (token) => (token.startsWith("bad") ? never.promise : undefined) });
    await ask("Bearer good");
    await world.advance(ALLOWED_MS);
    const bad = Array.from({ length: 20 }, (_, n) => ask(`Bearer bad-${n}`));

    expect(await ask("Bearer good")).toBe(200);
    expect(await ask("Bearer new")).toBe(503);
    never.resolve(undefined);
    await Promise.all(bad);
  });

  it("so too after a time in which nobody could be asked", async () => {
    let answer: Answer = KNOWN;
    const { world, ask } = scrapers({
      token: (token) => (token === "good" ? answer : reviewed({ authenticated: false })),
    });
    await ask("Bearer good");
    answer = "broken";
    await world.advance(ALLOWED_MS);
    expect(await ask("Bearer good")).toBe(503);
    answer = KNOWN;
    for (let n = 0; n < 20; n += 1) await ask(`Bearer bad-${n}`);

    expect(await ask("Bearer good")).toBe(200);
  });

  it("memory is bounded: the oldest refusals are forgotten", async () => {
    const { world, ask } = scrapers({ token: reviewed({ authenticated: false }) });
    for (let n = 0; n <= REFUSED_MAX; n += 1) {
      await ask(`Bearer bad-${n}`);
      await world.advance(n < UNKNOWN_BURST_MAX / 2 ? 0 : 1000 / UNKNOWN_PER_SECOND);
    }
    await ask("Bearer bad-1");
    expect(world.seen).toHaveLength(REFUSED_MAX + 1);
    await ask("Bearer bad-0");

    expect(world.seen).toHaveLength(REFUSED_MAX + 2);
  });
});

type Answer = ApiResponse | "broken";

interface Answers {
  readonly token?: Answer | ((token: string) => Answer) | undefined;
  readonly access?: Answer | undefined;
  readonly wait?: Promise<undefined> | ((token: string) => Promise<undefined> | undefined);
}

function reviewed(status: object): ApiResponse {
  return { status: 201, body: { status } };
}

function scrapers({ token = KNOWN, access = ALLOWED, wait }: Answers = {}): {
  readonly world: World;
  readonly ask: (header: string | undefined) => Promise<number>;
  readonly refusal: Scrapers["refusal"];
} {
  const request = async ({ path, body }: ApiRequest): Promise<ApiResponse> => {
    const { spec } = body as { readonly spec: { readonly token?: string } };
    await (typeof wait === "function" ? wait(spec.token ?? "") : wait);
    const toToken = typeof token === "function" ? token(spec.token ?? "") : token;
    const answer = path.endsWith("tokenreviews") ? toToken : access;
    if (answer === "broken") throw new ConnectionError("reset");
    return answer;
  };
  const world = aWorld({ request });
  const asked = new Scrapers(world.port);
  return {
    world,
    ask: async (header) => (await asked.refusal(header))?.status ?? 200,
    refusal: (header) => asked.refusal(header),
  };
}
