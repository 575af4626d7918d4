/*
 * Spring's locator is told by expressions over a service what its route should be. Here nothing is evaluated: of the expressions
 * that occur in practice these forms are read, and any other is refused.
 */

/** Makes a text of a service's name. */
export type ServiceText = (serviceId: string) => string;
export type ServiceCondition = (serviceId: string) => boolean;

const TEXT_FORM = `expected texts in quotes and serviceId, joined by +, such as "'/' + serviceId + '/**'"; nothing is evaluated`;
const CONDITION_FORM =
  `expected true, false, "serviceId == 'a'", "serviceId != 'a'", "serviceId.startsWith('a')", ` +
  `"serviceId.endsWith('a')" or one of them after "!"; nothing is evaluated`;

const QUOTED = "'((?:[^']|'')*)'";
const SERVICE_ID = 'serviceId(\\.toLowerCase\\(\\)|\\.toUpperCase\\(\\))?';
/** One operand and, if another follows, the `+` before that. */
const OPERAND = new RegExp(`\\s*(?:${QUOTED}|${SERVICE_ID}|(true|false|\\d+))\\s*(\\+(?=.)|$)`, 'suy');

/** @throws SyntaxError for every other form */
export function parseServiceText(expression: string): ServiceText {
  const parts: ServiceText[] = [];
  OPERAND.lastIndex = 0;
  do {
    const operand = OPERAND.exec(expression);
    if (operand === null) throw new SyntaxError(`"${expression}" is no text of a service: ${TEXT_FORM}`);
    const [, quoted, change, literal] = operand;
    if (quoted !== undefined || literal !== undefined) {
      const text = literal ?? unquoted(quoted ?? '');
      parts.push(() => text);
    } else if (change === '.toLowerCase()') parts.push((serviceId) => serviceId.toLowerCase());
    else if (change === '.toUpperCase()') parts.push((serviceId) => serviceId.toUpperCase());
    else parts.push((serviceId) => serviceId);
  } while (OPERAND.lastIndex < expression.length);
  return (serviceId) => parts.map((part) => part(serviceId)).join('');
}

const COMPARISON = new RegExp(`^serviceId\\s*(==|!=|eq|ne)\\s*${QUOTED}$`, 'u');
const CALL = new RegExp(`^serviceId\\.(startsWith|endsWith|contains|equals|equalsIgnoreCase)\\(${QUOTED}\\)$`, 'u');

/** @throws SyntaxError for every other form */
export function parseServiceCondition(expression: string): ServiceCondition {
  const text = expression.trim();
  if (text === 'true') return () => true;
  if (text === 'false') return () => false;
  if (text.startsWith('!')) {
    const inner = parseServiceCondition(text.slice(1));
    return (serviceId) => !inner(serviceId);
  }
  const [, operator, compared] = COMPARISON.exec(text) ?? [];
  if (operator !== undefined) {
    const value = unquoted(compared ?? '');
    const isSame = operator === '==' || operator === 'eq';
    return (serviceId) => (serviceId === value) === isSame;
  }
  const [, method, argument] = CALL.exec(text) ?? [];
  const value = unquoted(argument ?? '');
  switch (method) {
    case 'startsWith':
      return (serviceId) => serviceId.startsWith(value);
    case 'endsWith':
      return (serviceId) => serviceId.endsWith(value);
    case 'contains':
      return (serviceId) => serviceId.includes(value);
    case 'equals':
      return (serviceId) => serviceId === value;
    case 'equalsIgnoreCase':
      return (serviceId) => serviceId.toLowerCase() === value.toLowerCase();
    default:
      throw new SyntaxError(`"${expression}" is no condition on a service: ${CONDITION_FORM}`);
  }
}

function unquoted(text: string): string {
  return text.replaceAll("''", "'");
}
