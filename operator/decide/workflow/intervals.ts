/** Indexes as text, as an Indexed Job writes them: "0-3,7". */

/** Of those from 0 to total - 1 for which `has` says so. Two neighbours are written "4,5" by some and "4-5" by us. */
export function formatIntervals(total: number, has: (index: number) => boolean): string {
  const intervals: string[] = [];
  let from = -1;
  for (let index = 0; index <= total; index += 1) {
    const isIn = index < total && has(index);
    if (isIn && from < 0) from = index;
    if (isIn || from < 0) continue;
    intervals.push(from === index - 1 ? `${from}` : `${from}-${index - 1}`);
    from = -1;
  }
  return intervals.join(",");
}

/**
 * Ascending, each once. Never throws: what is no interval, lies outside 0 to total - 1, or does not come after what stands before
 * it is ignored, so that no text takes more steps than it has characters and `total` together.
 */
export function parseIntervals(text: string, total: number): readonly number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const interval of text.split(",")) {
    const [, low, high] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(interval) ?? [];
    if (low === undefined) continue;
    const last = Math.min(Number(high ?? low), total - 1);
    for (let index = Math.max(Number(low), next); index <= last; index += 1) {
      indexes.push(index);
      next = index + 1;
    }
  }
  return indexes;
}
