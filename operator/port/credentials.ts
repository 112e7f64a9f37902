import type { RequestOptions } from "node:https";
import type { Clock, Log } from "../api/port.ts";
import { causeOf, ClusterError, type ClusterSettings } from "./kubeconfig.ts";

/** How to open a TLS connection to the server. */
export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What identifies us to the server, at one moment. */
export interface Credentials {
  readonly tls: TlsSettings;
  readonly headers: Readonly<Record<string, string>>;
  /** Changes when `tls` changes: then new connections are needed. */
  readonly tlsKey: string;
}

/** Hands out credentials and reads them anew when they may have changed. */
export interface CredentialSource {
  current(): Promise<Credentials>;
  /** The server refused `refused`: read everything again, unless that has happened since. */
  renew(refused: Credentials): Promise<Credentials>;
}

/** Service account tokens are replaced on disk long before they end; client-go also looks once a minute. */
export const CREDENTIALS_MAX_AGE_MS = 60_000;

/** A plugin that hands out refused credentials must not be started for each request. */
export const RENEW_PAUSE_MS = 5_000;

/**
 * Credentials from a kubeconfig or a service account. `load` reads the files again; a fresh KubeConfig also forgets
 * the tokens its authenticators keep, which is the only way to make client-node read a token file or start a
 * credential plugin again after a 401. What cannot be read for a moment leaves those we have, until the server refuses them.
 */
export function kubeCredentials(load: () => ClusterSettings, clock: Clock, log?: Pick<Log, "warn">): CredentialSource {
  let settings: ClusterSettings | undefined;
  let held: Credentials | undefined;
  let readAt = 0;
  let under: Promise<Credentials> | undefined;
  let failing = false;
  /** The last failure to read afresh. */
  let failure: { readonly error: unknown; readonly at: number } | undefined;

  const read = async (afresh: boolean): Promise<Credentials> => {
    if (settings === undefined || afresh || !keepsTokens(settings)) settings = load();
    held = await credentialsOf(settings);
    readAt = clock.monotonic();
    failing = false;
    return held;
  };
  const readOrKeep = async (): Promise<Credentials> => {
    try {
      return await read(false);
    } catch (error) {
      if (held === undefined) throw error;
      if (!failing) log?.warn("credentials cannot be read; those read before serve on", { cause: causeOf(error) });
      failing = true;
      readAt = clock.monotonic() - CREDENTIALS_MAX_AGE_MS + RENEW_PAUSE_MS;
      return held;
    }
  };
  const renewed = async (): Promise<Credentials> => {
    try {
      return await read(true);
    } catch (error) {
      failure = { error, at: clock.monotonic() };
      throw error;
    }
  };
  // One reading at a time: a thousand waiting requests need one answer, not a thousand plugin processes.
  const readOnce = (afresh: boolean): Promise<Credentials> => {
    under ??= (afresh ? renewed() : readOrKeep()).finally(() => {
      under = undefined;
    });
    return under;
  };
  return {
    current: () => {
      const fresh = held !== undefined && clock.monotonic() - readAt < CREDENTIALS_MAX_AGE_MS;
      return fresh && held !== undefined ? Promise.resolve(held) : readOnce(false);
    },
    renew: (refused) => {
      const justRead = held !== undefined && (held !== refused || clock.monotonic() - readAt < RENEW_PAUSE_MS);
      if (justRead && held !== undefined) return Promise.resolve(held);
      if (failure !== undefined && clock.monotonic() - failure.at < RENEW_PAUSE_MS)
        return Promise.reject(failure.error);
      return readOnce(true);
    },
  };
}

/** Plugins and OpenID keep their token until it ends; reading anew each minute would start the plugin each minute. */
function keepsTokens(settings: ClusterSettings): boolean {
  const provider: unknown = settings.user.authProvider;
  if (settings.user.exec !== undefined && settings.user.exec !== null) return true;
  return typeof provider === "object" && provider !== null && Reflect.get(provider, "name") !== "tokenFile";
}

async function credentialsOf(settings: ClusterSettings): Promise<Credentials> {
  // Credentials never travel in clear text; a plain address is a proxy on this machine that adds its own.
  if (settings.cluster.server.startsWith("http:")) return { tls: {}, headers: {}, tlsKey: "" };
  const options: RequestOptions = {};
  try {
    await settings.kubeConfig.applyToHTTPSOptions(options);
  } catch (error) {
    throw new ClusterError(`no credentials for user "${settings.user.name}": ${causeOf(error)}`);
  }
  const tls: TlsSettings = {
    ...text("ca", options.ca),
    ...text("cert", options.cert),
    ...text("key", options.key),
    ...(settings.cluster.tlsServerName === undefined ? {} : { servername: settings.cluster.tlsServerName }),
    ...(settings.cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  };
  return { tls, headers: headersOf(options), tlsKey: JSON.stringify(tls) };
}

function text(name: "ca" | "cert" | "key", value: unknown): TlsSettings {
  return typeof value === "string" || Buffer.isBuffer(value) ? { [name]: value } : {};
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (typeof options.auth === "string") {
    headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file may end with a line break, which is not allowed in a header.
    if (typeof value === "string") headers[name.toLowerCase()] = value.trim();
  }
  return headers;
}
