/** One message as a parser has read it. */
export interface ReadMessage {
  /** Method and target, or status and reason. */
  readonly start: readonly [string, string];
  readonly minorVersion: number;
  readonly fields: readonly string[];
  content: string;
  trailers: readonly string[];
}

/** What a parser made of one connection's bytes. */
export interface Reading {
  /** Whole messages, in order. */
  readonly messages: ReadMessage[];
  /** Why it stopped: refused with a code, out of bytes, or after a message that ends the connection or its protocol. */
  end: string;
}

export type MessageKind = 'request' | 'response';
