/** `kubectl get taskruns`, kept up to date: in place on a terminal, as one line per change elsewhere. */
import type { Kubectl } from "../support/kubectl.ts";

/** Ages change all the time and are no news. */
const NO_NEWS = "AGE";
const GAP = "   ";
/** Wide enough for what the samples show, so that lines printed at different times stay aligned. */
const WIDTHS: Readonly<Record<string, number>> = { NAME: 8, STATUS: 9, REASON: 10, ATTEMPT: 7, DURATION: 8, AGE: 4 };
const UP_AND_CLEAR = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\u001b[0J`);

type Row = Readonly<Record<string, string>>;

/** Returns the function that looks once more and shows what changed. */
export function liveTable(kubectl: Kubectl): () => Promise<void> {
  const { stdout } = process;
  const known = new Map<string, string>();
  let drawn = 0;
  return async () => {
    const rows = await kubectl.table(["taskruns"]);
    const news = rows.filter((row) => known.get(row["NAME"] ?? "") !== gist(row));
    if (news.length === 0) return;
    for (const row of news) known.set(row["NAME"] ?? "", gist(row));
    const titles = Object.keys(rows[0] ?? {});
    const head = line(Object.fromEntries(titles.map((title) => [title, title])));
    if (stdout.isTTY) {
      const lines = [head, ...rows.map(line)];
      stdout.write(`${UP_AND_CLEAR(drawn)}${lines.join("\n")}\n`);
      drawn = lines.length;
    } else {
      stdout.write(`${[...(drawn === 0 ? [head] : []), ...news.map(line)].join("\n")}\n`);
      drawn = 1;
    }
  };
}

function gist(row: Row): string {
  return Object.entries(row)
    .flatMap(([title, cell]) => (title === NO_NEWS ? [] : [cell]))
    .join("|");
}

function line(row: Row): string {
  return Object.entries(row)
    .map(([title, cell]) => cell.padEnd(WIDTHS[title] ?? title.length))
    .join(GAP)
    .trimEnd();
}
