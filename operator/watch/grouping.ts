/** Records by something they have in common (an owner, a node), so that nobody walks over all of them to find a few. */

interface Named {
  readonly uid: string;
}

export class Grouping<R extends Named> {
  readonly #groupOf: (record: R) => string | undefined;
  /** A group of one, as most owners' are, is the record itself: a Map would add a fifth to its weight. */
  readonly #groups = new Map<string, R | Map<string, R>>();

  /** Records for which `groupOf` gives undefined are in no group. */
  constructor(groupOf: (record: R) => string | undefined) {
    this.#groupOf = groupOf;
  }

  of(group: string): readonly R[] {
    const members = this.#groups.get(group);
    if (members === undefined) return [];
    return members instanceof Map ? [...members.values()] : [members];
  }

  add(record: R): void {
    const group = this.#groupOf(record);
    if (group === undefined) return;
    const members = this.#groups.get(group);
    if (members instanceof Map) members.set(record.uid, record);
    else if (members === undefined || members.uid === record.uid) this.#groups.set(group, record);
    else this.#groups.set(group, new Map([members, record].map((one) => [one.uid, one])));
  }

  /** `record` as it was added. */
  remove(record: R): void {
    const group = this.#groupOf(record) ?? "";
    const members = this.#groups.get(group);
    if (members instanceof Map) members.delete(record.uid);
    const isEmpty = members instanceof Map ? members.size === 0 : members?.uid === record.uid;
    if (isEmpty) this.#groups.delete(group);
  }
}
