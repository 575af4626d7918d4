import { randomUUID } from 'node:crypto';
import type * as ProtoLoader from '@grpc/proto-loader';
import { libraryOnDemand } from '@tigateway/model';

const protoLoader = libraryOnDemand<typeof ProtoLoader>('@grpc/proto-loader');

type Method = ProtoLoader.MethodDefinition<object, object>;

/** Between these, a number too large for a double is written as a text and then without its quotes. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** One unary method of a descriptor set, from JSON and back. */
export class GrpcMethod {
  private constructor(private readonly method: Method) {}

  /**
   * @param service with its package or without
   * @throws Error for what is no descriptor set, has no such method, or streams
   */
  static find(descriptorSet: Buffer, service: string, method: string): GrpcMethod {
    // Names as in the .proto file, values as Jackson writes them.
    const definitions = protoLoader().loadFileDescriptorSetFromBuffer(descriptorSet, {
      keepCase: true,
      enums: String,
      bytes: String,
    });
    const services = Object.entries(definitions).filter(
      ([name, definition]) => !('format' in definition) && (name === service || name.endsWith(`.${service}`)),
    );
    const [first, ...others] = services;
    if (first === undefined) throw new Error(`the descriptor set has no service "${service}"`);
    if (others.length > 0) {
      throw new Error(`"${service}" is one of ${services.map(([name]) => name).join(', ')}; say which`);
    }
    const found = (first[1] as Record<string, Method>)[method];
    if (found === undefined) throw new Error(`the service "${first[0]}" has no method "${method}"`);
    if (found.requestStream || found.responseStream) throw new Error(`the method "${method}" streams`);
    return new GrpcMethod(found);
  }

  get path(): string {
    return this.method.path;
  }

  /** @throws Error where the text is no JSON object, or does not fit */
  encode(json: string): Buffer {
    const message: unknown = JSON.parse(json);
    if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new Error('no JSON object');
    return this.method.requestSerialize(message);
  }

  /** @throws Error for what is no such message */
  decode(message: Buffer): string {
    const { Long } = protoLoader();
    const plain = this.method.responseDeserialize(message);
    return JSON.stringify(plain, (_, value: unknown) => (Long.isLong(value) ? MARK + value.toString() : value)).replace(
      MARKED,
      '$1',
    );
  }
}
