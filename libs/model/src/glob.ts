/** Whether a text is a pattern: `*` stands for any text, `?` for one character. */
export function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

/** Goes back to the last `*` only, so the time is at most the product of the two lengths. */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let next = 0;
  while (next < text.length) {
    if (glob[at] === '*') {
      star = at++;
      resume = next;
    } else if (glob[at] === '?' || glob[at] === text[next]) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++resume;
    } else return false;
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}
