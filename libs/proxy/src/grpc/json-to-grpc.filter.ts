import { SizeBytes, Text } from '@tigateway/model';
import {
  ComponentError,
  type Exchange,
  ExchangeError,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
} from '@tigateway/routing';
import { IsNotEmpty, Min } from 'class-validator';
import { ProxiedExchange, type SubstituteCall, type SubstituteResponse } from '../gateway/proxied-exchange.js';
import { UpstreamError } from '../ports/upstream-client.js';
import { DescriptorFolders } from './descriptor-folders.js';
import { GrpcClient } from './grpc-client.js';
import { GrpcMethod } from './grpc-method.js';
import { grpcStatusName, httpStatusOf } from './grpc-status.js';

export class JsonToGrpcArgs {
  @Text({ about: 'The service, with its package or without.' })
  @IsNotEmpty()
  service!: string;

  @Text({ about: 'The method; it must not stream.' })
  @IsNotEmpty()
  method!: string;

  @Text({
    key: 'protoDescriptor',
    about:
      'A descriptor set, as `protoc --descriptor_set_out --include_imports` writes it, in one of the folders of `tigateway.json-to-grpc.descriptor-folders`.',
  })
  @IsNotEmpty()
  protoDescriptor!: string;

  @SizeBytes({ key: 'bufferLimit', about: 'A larger request body is answered with 413.' })
  @Min(1)
  bufferLimitBytes = 1_048_576;
}

export class JsonToGrpcFilterFactory implements FilterFactory<JsonToGrpcArgs> {
  readonly name = 'JsonToGrpc';
  readonly args = JsonToGrpcArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['service', 'method', 'protoDescriptor'] };
  readonly about = 'Calls a gRPC method of the route’s target with the JSON of the request, and answers with JSON.';
  readonly example = 'JsonToGrpc=HelloService,hello,file:hello.pb';

  constructor(
    private readonly client: GrpcClient,
    private readonly folders: DescriptorFolders,
  ) {}

  compile(args: JsonToGrpcArgs): GatewayFilter {
    const descriptorSet = whatFails('protoDescriptor', () => this.folders.read(args.protoDescriptor));
    const method = whatFails('method', () => GrpcMethod.find(descriptorSet, args.service, args.method));
    return new JsonToGrpc(args, method, this.client);
  }
}

function whatFails<T>(argument: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ComponentError(argument, (error as Error).message);
  }
}

class JsonToGrpc implements GatewayFilter {
  readonly order = -2;

  constructor(
    private readonly args: JsonToGrpcArgs,
    private readonly method: GrpcMethod,
    private readonly client: GrpcClient,
  ) {}

  /** The call takes the place of the upstream's: all other filters stand around it as they do around any. */
  onRequest(exchange: Exchange): void {
    ProxiedExchange.of(exchange).callInstead((call) => this.call(call));
  }

  private async call({ exchange, signal, target, ...how }: SubstituteCall): Promise<SubstituteResponse> {
    const body = await exchange.readRequestBody(this.args.bufferLimitBytes);
    const authorization = exchange.request.headers.get('authorization');
    const result = await this.client.unary({
      ...how,
      target,
      signal,
      path: this.method.path,
      message: this.encoded(body.toString()),
      metadata: authorization === undefined ? {} : { authorization },
    });
    if (result.status === 0) return { status: 200, body: this.decoded(result.message), lines: JSON_LINES };
    const { status, statusMessage } = result;
    const problem = { code: status, status: grpcStatusName(status), message: statusMessage };
    return { status: httpStatusOf(status), body: JSON.stringify(problem), lines: JSON_LINES };
  }

  private encoded(json: string): Buffer {
    try {
      return this.method.encode(json === '' ? '{}' : json);
    } catch {
      throw new ExchangeError(400, 'a body that is not the JSON of the request message');
    }
  }

  private decoded(message: Buffer): string {
    try {
      return this.method.decode(message);
    } catch (error) {
      throw new UpstreamError('protocol', 'not the response message', { cause: error });
    }
  }

  toString(): string {
    const { service, method, protoDescriptor } = this.args;
    return filterText('JsonToGrpc', [
      ['service', service],
      ['method', method],
      ['protoDescriptor', protoDescriptor],
    ]);
  }
}

const JSON_LINES: readonly string[] = ['Content-Type', 'application/json'];
