/** A string, a mark, or anything else that is one value. */
const TOKEN = /"(?:[^"\\]+|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

interface Container {
  readonly isObject: boolean;
  /** Members or elements that were written. */
  written: number;
  expectsKey: boolean;
}

/**
 * JSON text without the members of these names, and without blanks. All else is copied as it stands: a number keeps digits that
 * no double could hold.
 * @param everywhere true: of every object; false: of the outermost, if it is one
 * @throws SyntaxError where the text is no JSON
 */
export function withoutMembers(text: string, names: ReadonlySet<string>, everywhere: boolean): string {
  JSON.parse(text);
  const containers: Container[] = [];
  let out = '';
  /** Containers that were opened in a value that is left out; -1 where none is. */
  let leftOut = -1;

  const endValue = (): void => {
    const container = containers.at(-1);
    if (container?.isObject) container.expectsKey = true;
  };
  const beginValue = (): void => {
    const container = containers.at(-1);
    if (container === undefined || container.isObject) return;
    if (container.written++ > 0) out += ',';
  };

  for (const [token] of text.matchAll(TOKEN)) {
    if (leftOut >= 0) {
      if (token === '{' || token === '[') leftOut++;
      else if (token === '}' || token === ']') leftOut--;
      if (leftOut > 0 || token === ':') continue;
      leftOut = -1;
      endValue();
      continue;
    }
    const container = containers.at(-1);
    switch (token) {
      case ',':
        break;
      case ':':
        out += token;
        break;
      case '{':
      case '[':
        beginValue();
        out += token;
        containers.push({ isObject: token === '{', written: 0, expectsKey: token === '{' });
        break;
      case '}':
      case ']':
        out += token;
        containers.pop();
        endValue();
        break;
      default:
        if (container?.isObject && container.expectsKey) {
          container.expectsKey = false;
          if ((everywhere || containers.length === 1) && names.has(JSON.parse(token) as string)) {
            leftOut = 0;
            break;
          }
          out += container.written++ > 0 ? `,${token}` : token;
          break;
        }
        beginValue();
        out += token;
        endValue();
    }
  }
  return out;
}
