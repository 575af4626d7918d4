/** What a listener offers, the preferred first. */
export function alpnProtocols(http2: boolean): readonly string[] {
  return http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
}
