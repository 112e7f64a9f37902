import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { issue, newAuthority } from "./certificates.ts";

const now = new Date("2030-01-01T00:00:00Z");

describe("certificates", () => {
  test("an issued certificate is verified by its authority, and by no other", () => {
    const [ours, other] = [newAuthority("ours", now), newAuthority("other", now)];
    const leaf = new X509Certificate(issue(ours, { commonName: "x" }, now).certificate);
    expect(leaf.verify(new X509Certificate(ours.certificate).publicKey)).toBe(true);
    expect(leaf.verify(new X509Certificate(other.certificate).publicKey)).toBe(false);
    expect(leaf.checkIssued(new X509Certificate(ours.certificate))).toBe(true);
  });

  test("the subject is the user and its group", () => {
    const authority = newAuthority("ours", now);
    const subject = { commonName: "system:node:n1", organization: "system:nodes" };
    const leaf = new X509Certificate(issue(authority, subject, now).certificate);
    expect(leaf.subject).toBe("O=system:nodes\nCN=system:node:n1");
    expect(leaf.ca).toBe(false);
    expect(new X509Certificate(authority.certificate).ca).toBe(true);
  });

  test("it holds from an hour before to ten years after", () => {
    const leaf = new X509Certificate(newAuthority("ours", now).certificate);
    expect(leaf.validFromDate.toISOString()).toBe("2029-12-31T23:00:00.000Z");
    expect(leaf.validToDate.toISOString()).toBe("2039-12-30T00:00:00.000Z");
  });

  test("hosts are names and addresses", () => {
    const hosts = ["localhost", "127.0.0.1", "kubernetes.default.svc"];
    const leaf = new X509Certificate(issue(newAuthority("ours", now), { commonName: "x", hosts }, now).certificate);
    expect(leaf.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, DNS:kubernetes.default.svc");
  });

  test("a TLS client and server accept each other by it", async () => {
    const today = new Date();
    const authority = newAuthority("ours", today);
    const server = issue(authority, { commonName: "server", hosts: ["127.0.0.1"] }, today);
    const client = issue(authority, { commonName: "client" }, today);
    const tls = { ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
    const listener = createServer({ ...tls, cert: server.certificate, key: server.key }, (_, reply) => reply.end("hi"));
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const { port } = listener.address() as AddressInfo;
    const call = request({
      host: "127.0.0.1",
      port,
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
      agent: false,
    });
    call.end();
    const [reply] = (await once(call, "response")) as [{ statusCode: number; resume: () => void }];
    expect(reply.statusCode).toBe(200);
    reply.resume();
    listener.close();
  });
});
