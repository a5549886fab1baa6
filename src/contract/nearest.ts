/** Nearest name: which of the known names somebody may have meant. */

/** Longer texts are no typo of a name. */
const LONGEST = 40;

/** The known name that is nearest to what was given, or `undefined` if none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (given.length > LONGEST) return undefined;
  const wanted = plain(given);
  if (wanted === "") return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of known) {
    const distance = distanceOf(wanted, plain(name));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  // A third of the letters may be wrong, one in a short word.
  if (bestDistance <= Math.max(1, Math.floor(wanted.length / 3))) return best;
  return known.find((name) => wanted.length > 2 && plain(name).includes(wanted));
}

/** Capitals, hyphens, dots and blanks make no difference. */
function plain(text: string): string {
  return [...text.toLowerCase()].filter((sign) => !" -_.".includes(sign)).join("");
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
