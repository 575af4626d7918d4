import { AnyJson, Flag, idProblem, Int, isJsonObject, type Json, ListOf, Text } from '@tigateway/model';
import {
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';

@ValidatorConstraint({ name: 'configurationId' })
class IsConfigurationId implements ValidatorConstraintInterface {
  validate(id: unknown): boolean {
    return idProblem(id) === undefined;
  }

  defaultMessage({ value }: ValidationArguments): string {
    return idProblem(value) ?? '';
  }
}

@ValidatorConstraint({ name: 'object' })
class IsObjectOrNull implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return value === null || isJsonObject(value);
  }

  defaultMessage({ property }: ValidationArguments): string {
    return `${property} must be an object`;
  }
}

/** The shape of a RouteDefinition; what its components say is their factories' business. */
export class RouteDefinitionSchema {
  @Text() @Validate(IsConfigurationId) id!: string;
  @Text({ example: 'http://127.0.0.1:9001' }) uri!: string;
  @Int({ about: 'Lower wins.' }) order = 0;
  @ListOf({ kind: 'json' }, { splitsCommas: false }) predicates: Json[] = [];
  @ListOf({ kind: 'json' }, { splitsCommas: false }) filters: Json[] = [];
  @AnyJson() @Validate(IsObjectOrNull) metadata: Json = null;
  @Flag() enabled = true;
}

/** The shape of a FilterDefinition. */
export class FilterDefinitionSchema {
  @Text() @Validate(IsConfigurationId) id!: string;
  @Text({ example: 'AddResponseHeader' }) name!: string;
  @AnyJson() @Validate(IsObjectOrNull) args: Json = null;
  @Int({ about: "Place in the chain among the routes' own filters.", optional: true }) order?: number;
  @Flag() enabled = true;
  @ListOf({ kind: 'text' }, { optional: true, about: 'Ids or globs of routes; absent: all routes.' }) routes?: string[];
}
