import { Query } from '@nestjs/common';
import { bind, ConfigurationValidationError, type Constructor, type Json } from '@tigateway/model';

/**
 * The query parameters as a declared class. An unknown one is refused: `?dryrum=true` must not write.
 * @throws ConfigurationValidationError
 */
export function QueryOf(type: Constructor): ParameterDecorator {
  return Query({
    transform: (query: Record<string, Json>): object => {
      const bound = bind(type, { ...query });
      if (bound.value) return bound.value;
      throw new ConfigurationValidationError(
        bound.problems.map((problem) => ({
          ...problem,
          pointer: '',
          message: `query parameter ${problem.pointer.slice(1)}: ${problem.message}`,
        })),
      );
    },
  });
}
