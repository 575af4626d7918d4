import { type Json, pointerTokens, StartupError } from '@tigateway/model';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

/** One YAML document that can say where in its file something stands. */
export class PositionedYaml {
  private constructor(
    private readonly file: string,
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {}

  /** @throws StartupError with the position of the first thing that is no YAML */
  static parse(file: string, text: string): PositionedYaml {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const yaml = new PositionedYaml(file, document, lines);
    const [error] = document.errors;
    if (error) throw new StartupError(`${yaml.place(error.pos[0])}: ${error.message}`);
    return yaml;
  }

  /** The content; an empty file is an empty object. */
  toJson(): Json {
    return (this.document.toJS({ maxAliasCount: 100 }) as Json) ?? {};
  }

  /** `file:line:column` of what the pointer names, or of the nearest thing around it. */
  positionOf(pointer: string): string {
    let node: Node | null = this.document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const token of pointerTokens(pointer)) {
      const pair: Pair | undefined = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && String(key.value) === token)
        : undefined;
      const child: unknown = pair
        ? pair.value
        : isNode(node) && 'get' in node
          ? node.get(Number(token), true)
          : undefined;
      if (pair && isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      if (!isNode(child)) break;
      if (!pair) offset = child.range?.[0] ?? offset;
      node = child;
    }
    return this.place(offset);
  }

  private place(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }
}
