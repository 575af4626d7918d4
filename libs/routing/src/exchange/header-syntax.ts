/** A header's name (RFC 9110's token). */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** True where a text would end the header line or garble it: every control character but the tab. */
export function breaksHeader(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- the control characters are what is looked for
  return /[\0-\x08\x0a-\x1f\x7f]/.test(text);
}

/** The text as its UTF-8 bytes, one character a byte, which is how engines read and write headers. */
export function headerBytes(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text as one line that a header can hold: each control character becomes a space. */
export function withoutControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- the control characters are what is looked for
  return text.replace(/[\0-\x1f\x7f]/g, ' ');
}
