/** Running another program and reading what it prints. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** npm's own answer for our packages has 100 kB. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Each of them answers in seconds, on a busy machine too. */
const LIMIT_MS = 120_000;

/** What the program printed. @throws with its own words when it fails, or is not there */
export async function output(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const options = { maxBuffer: OUTPUT_BYTES_MAX, timeout: LIMIT_MS, ...(cwd !== undefined && { cwd }) };
  return (await promisify(execFile)(command, [...args], options)).stdout;
}
