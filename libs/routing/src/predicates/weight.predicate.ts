import { Injectable } from '@nestjs/common';
import { Int, Nested, Text } from '@tigateway/model';
import { IsNotEmpty, Min, ValidateNested } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

class GroupWeight {
  @Text({ about: 'The group that shares the requests.' })
  @IsNotEmpty()
  group!: string;

  @Int({ about: 'The share, in relation to the others of the group; 0 gets nothing.' })
  @Min(0)
  weight!: number;
}

export class WeightArgs {
  @Nested(() => GroupWeight)
  @ValidateNested()
  weight!: GroupWeight;
}

@Injectable()
export class WeightPredicateFactory implements PredicateFactory<WeightArgs> {
  readonly name = 'Weight';
  readonly args = WeightArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['weight.group', 'weight.weight'] };
  readonly isShared = true;
  readonly about = 'The route gets its share of the requests that the routes of its group match.';
  readonly example = 'Weight=blue-green,8';

  compile({ weight: { group, weight } }: WeightArgs): RoutePredicate {
    return new WeightPredicate({ group, weight });
  }
}

/** The draw is the route table's: it alone knows which other routes of the group match. */
class WeightPredicate implements RoutePredicate {
  constructor(readonly weight: { readonly group: string; readonly weight: number }) {}

  matches(): boolean {
    return true;
  }

  toString(): string {
    return `Weight: ${this.weight.group} ${this.weight.weight}`;
  }
}
