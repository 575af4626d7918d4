import { Flag, Int, ListOf, Text } from '@tigateway/model';
import {
  ComponentCatalogue,
  type Exchange,
  type FilterFactory,
  type GatewayFilter,
  PathPattern,
  PreparedPath,
  type PredicateFactory,
  type RoutePredicate,
} from '@tigateway/routing';
import { IsNotEmpty } from 'class-validator';

class PathArgs {
  @ListOf({ kind: 'text' }, { splitsCommas: false }) patterns!: string[];
  @Flag() matchTrailingSlash = true;
}

const about = { about: 'For tests.', example: 'Tag=x' };

/** The components that tests of compiling and of chains need, and no more, so that they do not depend on the catalogue. */
const path: PredicateFactory<PathArgs> = {
  ...about,
  name: 'Path',
  args: PathArgs,
  shortcut: { kind: 'gather', list: 'patterns', splitsCommas: false, tailFlag: 'matchTrailingSlash' },
  compile({ patterns: texts, matchTrailingSlash }): RoutePredicate {
    const patterns = texts.map((text) => PathPattern.parse(text));
    return {
      variables: patterns.flatMap(({ variables }) => variables),
      index: { paths: patterns.map(({ indexKey }) => indexKey) },
      matches: (request, capture) =>
        patterns.some((pattern) => pattern.matches(PreparedPath.of(request), matchTrailingSlash, capture)),
      toString: () => `Paths: [${texts.join(', ')}]`,
    };
  },
};

class WeightArgs {
  @Text() group!: string;
  @Int() weight!: number;
}

const weight: PredicateFactory<WeightArgs> = {
  ...about,
  name: 'Weight',
  args: WeightArgs,
  shortcut: { kind: 'fields', names: ['group', 'weight'] },
  compile: (args) => ({ weight: args, matches: () => true, toString: () => `Weight: ${args.group} ${args.weight}` }),
};

class TagArgs {
  @Text({ template: true }) @IsNotEmpty() text!: string;
}

/** Writes its text into the request's header `Tags`; `{name}` in it is a variable. */
class Tag implements GatewayFilter {
  readonly variables: readonly string[];

  constructor(
    private readonly name: string,
    private readonly text: string,
    readonly order?: number,
  ) {
    this.variables = [...text.matchAll(/{(\w+)}/g)].map(([, variable]) => variable as string);
  }

  onRequest({ request }: Exchange): void {
    request.headers.append('Tags', this.text);
  }

  toString(): string {
    return `[${this.name} ${this.text}]`;
  }
}

function tag(name: string, order?: number): FilterFactory<TagArgs> {
  return {
    ...about,
    name,
    args: TagArgs,
    shortcut: { kind: 'fields', names: ['text'] },
    compile: ({ text }) => new Tag(name, text, order),
  };
}

export function testCatalogue(): ComponentCatalogue {
  return new ComponentCatalogue([path, weight], [tag('Tag'), tag('Early', -4)]);
}
