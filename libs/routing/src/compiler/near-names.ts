const MAX_NAMES = 3;

/** Known names that a person may have meant, nearest first: spelt alike but for a few letters, or holding one another. */
export function nearNames(name: string, known: Iterable<string>): string[] {
  const wanted = name.trim().toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 4));
  const near: { known: string; distance: number }[] = [];
  for (const each of known) {
    const candidate = each.toLowerCase();
    const holds = wanted.length > 2 && (candidate.includes(wanted) || wanted.includes(candidate));
    const distance = Math.min(editDistance(wanted, candidate), holds ? limit : Infinity);
    if (distance <= limit) near.push({ known: each, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NAMES)
    .map((each) => each.known);
}

/** Levenshtein's: letters to add, drop or replace. Capped: a name longer than any known one is near none. */
function editDistance(a: string, b: string): number {
  if (a.length > 64) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
