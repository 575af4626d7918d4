import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { IsHeaderName } from '../exchange/is-header-name.js';

/** A header by its name. */
export class HeaderNameArgs {
  @Text({ about: 'The header, in any case.' })
  @IsHeaderName()
  name!: string;
}

/** A header and its value. */
export class HeaderValueArgs extends HeaderNameArgs {
  @Text({ template: true, about: 'The value; `{name}` is replaced by the URI variable.' })
  @IsNotEmpty()
  value!: string;
}
