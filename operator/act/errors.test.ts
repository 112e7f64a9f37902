import { describe, expect, it } from "vitest";
import { refusal } from "../testing/scripted.ts";
import { ApiError, errorOf } from "./errors.ts";

describe("an answer of the API server", () => {
  it.each([
    [409, "AlreadyExists", "", "exists"],
    [409, "Conflict", "the object has been modified", "conflict"],
    [409, "", "", "conflict"],
    [404, "NotFound", "", "gone"],
    [400, "BadRequest", "", "invalid"],
    [413, "RequestEntityTooLarge", "", "invalid"],
    [422, "Invalid", "", "invalid"],
    [403, "Forbidden", 'pods "x" is forbidden: exceeded quota: small, requested: pods=1', "quota"],
    [403, "Forbidden", 'pods "x" is forbidden: failed quota: small: must specify limits.cpu', "invalid"],
    [403, "Forbidden", 'pods "x" is forbidden: failed quota: small: no room', "quota"],
    [400, "BadRequest", 'admission webhook "guard.example" denied the request: not today', "forbidden"],
    [422, "Invalid", "ValidatingAdmissionPolicy 'no-latest' with binding 'b' denied request: no latest", "forbidden"],
    [
      403,
      "Forbidden",
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation',
      "policy",
    ],
    [403, "Forbidden", 'User "u" cannot create resource "pods"', "forbidden"],
    [403, "Forbidden", "unable to create new content in namespace x because it is being terminated", "forbidden"],
    [429, "TooManyRequests", 'admission webhook "guard.example" denied the request: too many pods', "forbidden"],
    [500, "InternalError", 'admission webhook "guard.example" denied the request: oops', "forbidden"],
    [400, "", "<html><title>400 Bad Request</title></html>", "busy"],
    [413, "", "<html><title>413 Request Entity Too Large</title></html>", "busy"],
    [401, "Unauthorized", "", "busy"],
    [429, "TooManyRequests", "", "busy"],
    [500, "InternalError", "", "busy"],
    [503, "ServiceUnavailable", "", "busy"],
    [504, "Timeout", "", "busy"],
    [418, "", "", "busy"],
  ])("%i %s %j means %s", (code, reason, message, want) => {
    expect(errorOf(refusal(code, reason, message)).kind).toBe(want);
  });

  it.each([
    ["the header", { status: 429, body: undefined, retryAfterSeconds: 3 }, 3000],
    ["the body", { status: 429, body: { details: { retryAfterSeconds: 2 } } }, 2000],
    [
      "the header before the body",
      { status: 429, body: { details: { retryAfterSeconds: 2 } }, retryAfterSeconds: 3 },
      3000,
    ],
    ["nobody", { status: 429, body: undefined }, 0],
    ["nobody, if it is negative", { status: 429, body: { details: { retryAfterSeconds: -7 } } }, 0],
    ["a wrong header for at most a minute", { status: 429, body: undefined, retryAfterSeconds: 999_999_999 }, 60_000],
  ])("is waited for as %s says", (_, reply, want) => {
    expect(errorOf(reply).retryAfterMs).toBe(want);
  });

  it("keeps the server's words, and makes some up where there are none", () => {
    expect(errorOf(refusal(422, "Invalid", "spec.containers: Required")).message).toBe("spec.containers: Required");
    expect(errorOf({ status: 502, body: undefined }).message).toBe("the API server answered 502");
  });

  it.each([
    ["lost", 0, true],
    ["busy", 500, true],
    ["busy", 504, true],
    ["busy", 429, false],
    ["conflict", 409, false],
    ["invalid", 422, false],
    ["forbidden", 500, false],
  ] as const)("of kind %s and code %i may have acted: %s", (kind, code, want) => {
    expect(new ApiError(kind, "", { code, retryAfterMs: 0 }).mayHaveActed).toBe(want);
  });

  it.each([
    [429, "TooManyRequests", "", true],
    [503, "ServiceUnavailable", "", true],
    [504, "Timeout", "request did not complete within the allotted timeout", true],
    [500, "InternalError", "", false],
    [500, "InternalError", 'failed calling webhook "guard.example": no endpoints available', false],
    [504, "Timeout", 'failed calling webhook "guard.example": context deadline exceeded', false],
    [429, "TooManyRequests", 'admission webhook "guard.example" denied the request: too many', false],
    [409, "Conflict", "", false],
  ])("%i %s %j means the server has too much to do: %s", (code, reason, message, want) => {
    expect(errorOf(refusal(code, reason, message)).overloaded).toBe(want);
  });
});
