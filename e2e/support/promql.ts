/** Which metrics and labels a query in PromQL reads, and which ones a scraped page has: enough to see that they fit. */

/** One selector: stint_taskruns{phase="Running"}. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** What it groups by and joins on. */
  readonly grouped: readonly string[];
}

/** Words of the language that may stand before a bracket and are no function. */
const LISTS = /\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const OPERATORS: ReadonlySet<string> = new Set(["and", "or", "unless", "bool", "offset"]);

/** What Prometheus itself puts on every series of a pod, and on the buckets of a histogram. */
const OF_TARGETS: ReadonlySet<string> = new Set(["namespace", "job", "pod", "instance", "le"]);

export function queryOf(text: string): Query {
  const grouped: string[] = [];
  const noted = (_: string, __: string, names: string): string => {
    grouped.push(...names.split(",").flatMap((name) => name.trim() || []));
    return " ";
  };
  const rest = text
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, " ")
    .replaceAll(LISTS, noted);
  const selectors = [...rest.matchAll(/\b([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\}|(\())?/g)].flatMap(
    ([, metric = "", inner = "", bracket]): Selector[] => {
      if (bracket !== undefined || OPERATORS.has(metric)) return [];
      return [{ metric, labels: [...inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label) }];
    },
  );
  return { selectors, grouped };
}

/** The label names of each metric, by the name a query uses. */
export type Exported = ReadonlyMap<string, ReadonlySet<string>>;

/** From the text format; of each metric with at least one sample. */
export function exportedBy(page: string): Exported {
  const found = new Map<string, Set<string>>();
  for (const line of page.split("\n")) {
    const [, name, inner = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const labels = found.get(name) ?? new Set();
    for (const [, label = ""] of inner.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label);
    found.set(name, labels);
  }
  return found;
}

/** What a query asks for that is not there, in sentences. */
export function missingIn(query: string, exported: Exported): readonly string[] {
  const { selectors, grouped } = queryOf(query);
  const said = selectors.flatMap(({ metric, labels }) => {
    const has = exported.get(metric);
    if (has === undefined) return [`there is no metric ${metric}`];
    const wrong = labels.filter((label) => !has.has(label) && !OF_TARGETS.has(label));
    return wrong.map((label) => `${metric} has no label ${label}`);
  });
  const all = new Set(selectors.flatMap(({ metric }) => [...(exported.get(metric) ?? [])]));
  const lost = grouped.filter((label) => !all.has(label) && !OF_TARGETS.has(label));
  return [...said, ...lost.map((label) => `nothing in it has the label ${label} it groups by`)];
}
