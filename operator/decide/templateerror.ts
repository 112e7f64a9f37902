/** A template that cannot become a pod, with the field and the way out. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** A pod nests about 15 levels deep; far below what a JSON writer can take, so that a hostile template ends here. */
export const MAX_DEPTH = 100;

export function shallow(value: unknown, levels: number = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => shallow(item, levels - 1));
}
