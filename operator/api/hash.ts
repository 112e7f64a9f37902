/** One hash for names and works: short, spread well, the same everywhere. Not a secret, so no cryptographic hash is needed. */

/**
 * Two 32-bit FNV-1a lanes with different starts, mixed at the end: 64 bits without arithmetic on 64 bits, which takes ten times
 * as long.
 */
export function hashLanes(text: string): readonly [number, number] {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b);
  }
  return [mixed(a ^ (b >>> 7)), mixed(b ^ (a >>> 9))];
}

/** Murmur3's last step: every bit of the input reaches every bit of the output. */
function mixed(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
