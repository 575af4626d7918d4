import { Choice, Flag, Int, ListOf, Nested, Text } from '@tigateway/model';
import { Max, Min } from 'class-validator';
import { DeliverySettings } from '../settings/channel.settings.js';
import { Must } from '../settings/must.js';

export class SmtpSettings {
  @Text() host = '';
  /** Absent: 465 with `secure`, else 587. */
  @Int({ optional: true }) @Min(1) @Max(65_535) port?: number;
  @Text() username = '';
  @Text() password = '';
  /** TLS from the first byte. */
  @Flag() secure = false;
  /** `opportunistic`: where the server offers it, and always before credentials are sent. */
  @Choice(['required', 'opportunistic', 'off'])
  @Must<SmtpSettings>((starttls, { secure, username }) =>
    starttls === 'off' && !secure && username !== ''
      ? 'must not be off where there is a username (without secure): credentials are never sent in clear'
      : undefined,
  )
  starttls: 'required' | 'opportunistic' | 'off' = 'opportunistic';
}

export class EmailSettings extends DeliverySettings {
  @Nested(() => SmtpSettings)
  @Must<EmailSettings>((smtp, { enabled }) =>
    enabled && (smtp as SmtpSettings).host === '' ? 'must name a host where the channel is enabled' : undefined,
  )
  smtp = new SmtpSettings();
  /** Empty: the user name. */
  @Text()
  @Must<EmailSettings>((from, { enabled, smtp }) => {
    if (!isAddress(from) && (from !== '' || (enabled && !isAddress(smtp.username)))) {
      return 'must be an address (it may be left out where smtp.username is one)';
    }
    return undefined;
  })
  from = '';
  @ListOf({ kind: 'text' })
  @Must<EmailSettings>((recipients, { enabled }) => {
    const list = recipients as readonly string[];
    if (enabled && list.length === 0) return 'must hold an address where the channel is enabled';
    return list.every(isAddress) ? undefined : 'must hold addresses such as ops@example.com';
  })
  recipients: string[] = [];
}

/** Enough to keep lines and lists out of a header; whether the mailbox is there, its server knows. */
function isAddress(text: unknown): boolean {
  return typeof text === 'string' && (/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text) || text.includes('${'));
}
