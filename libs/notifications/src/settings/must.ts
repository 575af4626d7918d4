import { ValidateBy, type ValidationArguments } from 'class-validator';

/**
 * A constraint that looks at the other settings of its object too.
 * @param problem what is wrong, said after the key (`must be …`), or `undefined`; never quotes the value, which may be a secret
 */
export function Must<Settings extends object>(
  problem: (value: unknown, settings: Settings) => string | undefined,
): PropertyDecorator {
  return ValidateBy({
    name: 'must',
    validator: {
      validate: (value: unknown, args?: ValidationArguments) => problem(value, args?.object as Settings) === undefined,
      defaultMessage: (args?: ValidationArguments) =>
        `${args?.property} ${problem(args?.value, args?.object as Settings)}`,
    },
  });
}
