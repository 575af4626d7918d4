import type { MetadataStorage, ValidationArguments, ValidatorConstraintInterface } from 'class-validator';
import { classValidator } from './class-validator.js';
import type { Constructor } from './fields.js';

type ValidationMetadata = ReturnType<MetadataStorage['getTargetValidationMetadatas']>[number];

/** A constraint of a class, looked up once. */
interface Constraint {
  readonly property: string;
  readonly validator: ValidatorConstraintInterface;
  readonly constraints: readonly unknown[];
}

/**
 * The class-validator constraints of one class in a form that is quick to ask: the library looks them up anew for every object,
 * which costs more than all the rest of reading one.
 */
export class Constraints {
  /** Undefined where there is one that only the library itself can judge. */
  private readonly simple: readonly Constraint[] | undefined;
  readonly isEmpty: boolean;

  constructor(private readonly type: Constructor) {
    const metadata = storage().getTargetValidationMetadatas(type, '', false, false);
    this.isEmpty = metadata.length === 0;
    this.simple = metadata.every(isSimple) ? metadata.map(constraintOf) : undefined;
  }

  /** Whether an object keeps them all; `false` may also mean that only the library can tell. */
  hold(object: Record<string, unknown>): boolean {
    if (!this.simple) return false;
    for (const { property, validator, constraints } of this.simple) {
      const value = object[property];
      if (value === undefined) continue;
      const facts: ValidationArguments = {
        value,
        constraints: constraints as unknown[],
        targetName: this.type.name,
        object,
        property,
      };
      if (validator.validate(value, facts) !== true) return false;
    }
    return true;
  }
}

function storage(): MetadataStorage {
  return classValidator().getMetadataStorage();
}

function isSimple({ type, each, constraintCls }: ValidationMetadata): boolean {
  if (type !== 'customValidation' || each) return false;
  const validators = storage().getTargetValidatorConstraints(constraintCls);
  return validators.length === 1 && validators[0]?.async === false;
}

function constraintOf({ propertyName, constraintCls, constraints }: ValidationMetadata): Constraint {
  const [validator] = storage().getTargetValidatorConstraints(constraintCls);
  if (!validator) throw new Error(`the constraint on ${propertyName} has no validator`);
  return {
    property: propertyName,
    validator: validator.instance,
    constraints: (constraints as unknown[] | undefined) ?? [],
  };
}
