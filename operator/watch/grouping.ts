/** Records by something they have in common (an owner, a node), so that nobody walks over all of them to find a few. */

interface Named {
  readonly uid: string;
}

export class Grouping<R extends Named> {
  readonly #groupOf: (record: R) => string | undefined;
  readonly #groups = new Map<string, Map<string, R>>();

  /** Records for which `groupOf` gives undefined are in no group. */
  constructor(groupOf: (record: R) => string | undefined) {
    this.#groupOf = groupOf;
  }

  of(group: string): readonly R[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  add(record: R): void {
    const group = this.#groupOf(record);
    if (group === undefined) return;
    const members = this.#groups.get(group) ?? new Map<string, R>();
    members.set(record.uid, record);
    this.#groups.set(group, members);
  }

  /** `record` as it was added. */
  remove(record: R): void {
    const group = this.#groupOf(record) ?? "";
    const members = this.#groups.get(group);
    if (members === undefined) return;
    members.delete(record.uid);
    if (members.size === 0) this.#groups.delete(group);
  }
}
