type Labels = Readonly<Record<string, string>> | undefined;
type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** `metav1.LabelSelector`, as objects have it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});
const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const VALUE = '[-A-Za-z0-9_.]*';
const SET_BASED = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

/** Which objects are meant, by their labels: judged here where the API server cannot be asked to. */
export class LabelSelector {
  private constructor(private readonly requirements: readonly Requirement[]) {}

  /**
   * As `kubectl -l` has it: `a=b,c!=d,e,!f,g in (x,y),h notin (z)`. An empty text takes everything.
   * @throws SyntaxError for what is none of these
   */
  static parse(text: string): LabelSelector {
    // Commas inside of parentheses part values, not requirements.
    const parts = text.split(/,(?![^()]*\))/).map((part) => part.trim());
    if (parts.length === 1 && parts[0] === '') return new LabelSelector([]);
    return new LabelSelector(parts.map((part) => requirementOf(part, text)));
  }

  /** An empty object takes everything. @throws SyntaxError for an operator that nobody knows */
  static of({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): LabelSelector {
    return new LabelSelector([
      ...Object.entries(matchLabels).map(([key, value]) => isOneOf(key, [value])),
      ...matchExpressions.map(({ key, operator, values = [] }) => expressionOf(key, operator, values)),
    ]);
  }

  matches(labels: Labels): boolean {
    return this.requirements.every((holds) => holds(labels ?? NONE));
  }
}

function requirementOf(part: string, text: string): Requirement {
  const set = SET_BASED.exec(part);
  if (set !== null) {
    const values = (set[3] as string).split(',').map((value) => value.trim());
    return expressionOf(set[1] as string, set[2] === 'in' ? 'In' : 'NotIn', values);
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null)
    return expressionOf(equality[1] as string, equality[2] === '!=' ? 'NotIn' : 'In', [equality[3] as string]);
  const exists = EXISTS.exec(part);
  if (exists !== null) return expressionOf(exists[2] as string, exists[1] === '!' ? 'DoesNotExist' : 'Exists', []);
  throw new SyntaxError(
    `"${text}" is no label selector: "${part}" is none of a=b, a!=b, a, !a, a in (b,c), a notin (b)`,
  );
}

function expressionOf(key: string, operator: string, values: readonly string[]): Requirement {
  const isIn = isOneOf(key, values);
  switch (operator) {
    case 'In':
      return isIn;
    case 'NotIn':
      return (labels) => !isIn(labels);
    case 'Exists':
      return (labels) => Object.hasOwn(labels, key);
    case 'DoesNotExist':
      return (labels) => !Object.hasOwn(labels, key);
    default:
      throw new SyntaxError(`"${operator}" is no operator of a label selector`);
  }
}

function isOneOf(key: string, values: readonly string[]): Requirement {
  return (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] as string);
}
