/** Quantities of memory as the Kubernetes API writes them (apimachinery, pkg/api/resource). */

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["m", 1e-3],
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["P", 1e15],
  ["Ki", 2 ** 10],
  ["Mi", 2 ** 20],
  ["Gi", 2 ** 30],
  ["Ti", 2 ** 40],
  ["Pi", 2 ** 50],
]);

/** Bytes; undefined for what is no quantity of memory. */
export function bytesOf(quantity: string): number | undefined {
  const [, digits, suffix = ""] = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-zA-Z]{0,2}|[eE][0-9]{1,2})$/.exec(quantity) ?? [];
  if (digits === undefined) return undefined;
  const unit = /^[eE][0-9]/.test(suffix) ? 10 ** Number(suffix.slice(1)) : UNITS.get(suffix);
  return unit === undefined ? undefined : Number(digits) * unit;
}

/** The shortest exact binary quantity; what is no whole number of KiB is rounded up to MiB, or KiB where small. */
export function quantityOf(bytes: number): string {
  for (const unit of ["Gi", "Mi", "Ki"] as const) {
    const size = UNITS.get(unit) ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  const unit = bytes >= 2 ** 24 ? "Mi" : "Ki";
  return `${Math.ceil(bytes / (UNITS.get(unit) ?? 1))}${unit}`;
}
