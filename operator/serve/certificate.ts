import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Clock, Log } from "../api/port.ts";
import type { KeyPair } from "./listener.ts";

/** The names that a mounted Secret of type kubernetes.io/tls gives them. */
const CERTIFICATE_FILE = "tls.crt";
const KEY_FILE = "tls.key";

/** The flag that names the folder. */
export const TLS_FOLDER_FLAG = "--metrics-tls-folder";

/**
 * A renewed certificate has days left when it comes, and two small files cost nothing to read. Not fs.watch: a mounted
 * Secret changes by swapping a link far above the files, and a watch of that is easily lost.
 */
export const CERTIFICATE_CHECK_MS = 10_000;

/** Reads the certificate and the key of a folder. @throws with the flag and the file in words when they are no pair */
export function readKeyPair(folder: string): KeyPair {
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${TLS_FOLDER_FLAG}=${folder}: ${name} cannot be read (${cause}); the folder must hold ${CERTIFICATE_FILE} and ` +
          `${KEY_FILE}, as a mounted Secret of type kubernetes.io/tls does`,
        { cause: error },
      );
    }
  };
  const keyPair = { cert: read(CERTIFICATE_FILE), key: read(KEY_FILE) };
  try {
    createSecureContext(keyPair);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${TLS_FOLDER_FLAG}=${folder}: ${CERTIFICATE_FILE} and ${KEY_FILE} are no certificate and its key as PEM (${cause})`,
      { cause: error },
    );
  }
  return keyPair;
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly use: (keyPair: KeyPair) => void;
}

/**
 * Looks at the files from time to time and hands out each new pair. What cannot be read, or does not fit together, such
 * as one of two files that are being replaced, is said once and changes nothing. The result ends it.
 */
export function followKeyPair(folder: string, first: KeyPair, { clock, log, use }: Surroundings): () => void {
  let current = first;
  let complaint = "";
  let callOff = (): void => undefined;
  const look = (): void => {
    callOff = clock.after(CERTIFICATE_CHECK_MS, look);
    try {
      const next = readKeyPair(folder);
      complaint = "";
      if (next.cert === current.cert && next.key === current.key) return;
      use(next);
      current = next;
      log.info("the certificate of the metrics was renewed", { folder });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      if (cause !== complaint)
        log.warn("the certificate of the metrics cannot be renewed; the last one stays", { cause });
      complaint = cause;
    }
  };
  callOff = clock.after(CERTIFICATE_CHECK_MS, look);
  return () => callOff();
}
