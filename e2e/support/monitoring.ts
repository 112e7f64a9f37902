/** The files of manifests/monitoring, read as far as tests look at them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";

const FOLDER = join(import.meta.dirname, "../../manifests/monitoring");

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What Prometheus itself calls a rules file. */
export interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export function readRules(): Rules {
  const rule = load(readFileSync(join(FOLDER, "prometheusrule.yaml"), "utf8")) as { readonly spec: Rules };
  return rule.spec;
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(FOLDER, "dashboard.json"), "utf8")) as Dashboard;
}

/** The queries of the dashboard as Prometheus gets them, with the words that Grafana replaces replaced; by where they stand. */
export function dashboardQueries({ panels }: Dashboard): ReadonlyMap<string, string> {
  const filled = (expr: string): string =>
    expr
      .replaceAll(/\$(namespace|job)\b/g, ".*")
      .replaceAll("$__rate_interval", "5m")
      .replaceAll("$__range", "6h");
  return new Map(
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }, index): [string, string] => [`${title} ${index}`, filled(expr)]),
    ),
  );
}
