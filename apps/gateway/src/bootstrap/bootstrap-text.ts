import { Locator, readYaml, TextLines } from '@tigateway/configuration';
import { type Json, StartupError } from '@tigateway/model';

/** The text of the bootstrap file, which can say where in it something stands. */
export class BootstrapText {
  private readonly locator: Locator;

  constructor(
    private readonly file: string,
    private readonly text: string,
  ) {
    this.locator = new Locator(text);
  }

  /** The content; an empty file is an empty object. @throws StartupError for what is no YAML, or more than one document */
  toJson(): Json {
    const { trees, problems } = readYaml(this.text);
    if (problems.length > 0) {
      const lines = new TextLines(this.text);
      throw new StartupError(
        problems.map(({ offset, message }) => `${this.place(lines.at(offset))}: ${message}`).join('; '),
      );
    }
    if (trees.length > 1) throw new StartupError(`${this.file}: expected one YAML document, found ${trees.length}`);
    return trees[0]?.root ?? {};
  }

  /** `file:line:column` of what the pointer names, or of the deepest part of it that is written. */
  positionOf(pointer: string): string {
    return this.place(this.locator.locate(pointer));
  }

  private place({ line, column }: { line: number; column: number }): string {
    return `${this.file}:${line}:${column}`;
  }
}
