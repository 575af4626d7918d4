import { Flag, ListOf, SizeBytes } from '@tigateway/model';
import {
  type Exchange,
  ExchangeError,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
  Unquoted,
} from '@tigateway/routing';
import { ArrayNotEmpty, Min } from 'class-validator';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import { codingOf } from './content-coding.js';
import { withoutMembers } from './json-members.js';

export class RemoveJsonAttributesResponseBodyArgs {
  @ListOf({ kind: 'text' }, { key: 'fieldList', about: 'Names of what is taken out.' })
  @ArrayNotEmpty()
  fieldList!: string[];

  @Flag({ key: 'deleteRecursively', about: 'Out of every object, also inside arrays; else of the outermost alone.' })
  deleteRecursively = false;

  @SizeBytes({ key: 'bufferLimit', about: 'A larger response is answered with 502.' })
  @Min(1)
  bufferLimitBytes = 1_048_576;
}

export class RemoveJsonAttributesResponseBodyFilterFactory implements FilterFactory<RemoveJsonAttributesResponseBodyArgs> {
  readonly name = 'RemoveJsonAttributesResponseBody';
  readonly args = RemoveJsonAttributesResponseBodyArgs;
  readonly shortcut: Shortcut = {
    kind: 'gather',
    list: 'fieldList',
    splitsCommas: true,
    tailFlag: 'deleteRecursively',
  };
  readonly about = 'Takes attributes out of a JSON response.';
  readonly example = 'RemoveJsonAttributesResponseBody=id,color,true';

  compile(args: RemoveJsonAttributesResponseBodyArgs): GatewayFilter {
    return new RemoveJsonAttributes(args);
  }
}

class RemoveJsonAttributes implements GatewayFilter {
  readonly order = -2;
  private readonly names: ReadonlySet<string>;

  constructor(private readonly args: RemoveJsonAttributesResponseBodyArgs) {
    this.names = new Set(args.fieldList);
  }

  onResponse(exchange: Exchange): void | Promise<void> {
    const { response, request } = exchange;
    const type = response.headers.get('content-type') ?? '';
    if (!/^\s*application\/json\s*(?:;|$)/i.test(type)) return;
    if (request.method === 'HEAD' || response.status === 204 || response.status === 304) return;
    return this.rewrite(ProxiedExchange.of(exchange));
  }

  private async rewrite(exchange: ProxiedExchange): Promise<void> {
    const { bufferLimitBytes, deleteRecursively } = this.args;
    const coding = codingOf(exchange.response.headers.get('content-encoding'));
    // What cannot be read cannot be sent either: it may hold what has to be taken out.
    if (coding === undefined) throw new ExchangeError(500, 'a response in an unknown content coding');
    const body = await exchange.readResponseBody(bufferLimitBytes);
    let text: string;
    try {
      const json = (await coding.decode(body, bufferLimitBytes)).toString();
      text = withoutMembers(json, this.names, deleteRecursively);
    } catch {
      throw new ExchangeError(500, 'a response that says it is JSON and is not, or is too large');
    }
    exchange.replaceResponseBody(await coding.encode(Buffer.from(text)));
  }

  toString(): string {
    const { fieldList, deleteRecursively } = this.args;
    return filterText('RemoveJsonAttributesResponseBody', [
      ['fieldList', new Unquoted(`list[${fieldList.join(', ')}]`)],
      ['deleteRecursively', deleteRecursively],
    ]);
  }
}
