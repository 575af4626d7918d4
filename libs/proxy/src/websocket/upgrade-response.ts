import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientListener, ClientResponse } from '../ports/client-response.js';

/**
 * The response on a connection that its engine has handed over: 101 and the connection goes on as a WebSocket, anything else
 * and it ends with the response.
 */
export class UpgradeResponse implements ClientResponse {
  listener: ClientListener = { onDrain: () => undefined, onClose: () => undefined };
  headSent = false;
  private isOver = false;
  private readonly onSocketClose = (): void => this.finish(this.socket.writableFinished);
  /** Nobody reads the connection yet; only so is it seen that the client has gone. What it sends early stays for the tunnel. */
  private readonly onSocketReadable = (): void => {
    if (this.socket.readableLength === 0) this.socket.read();
  };
  private readonly onSocketEnd = (): void => {
    if (!this.headSent) this.socket.destroy();
  };
  private readonly onSocketDrain = (): void => this.listener.onDrain();

  constructor(private readonly socket: Duplex) {
    socket.on('close', this.onSocketClose);
    socket.on('drain', this.onSocketDrain);
    socket.on('readable', this.onSocketReadable);
    socket.on('end', this.onSocketEnd);
    socket.on('error', ignore);
  }

  informational(): void {
    // A client that upgrades has no use for hints.
  }

  head(status: number, reason: string, headers: readonly string[]): void {
    if (this.isOver) return;
    this.headSent = true;
    let text = `HTTP/1.1 ${status} ${reason || (STATUS_CODES[status] ?? '')}\r\n`;
    for (let at = 0; at < headers.length; at += 2) {
      const line = `${headers[at]}: ${headers[at + 1]}`;
      if (/[\r\n\0]/.test(line)) throw new TypeError('a header line with a line break in it');
      text += `${line}\r\n`;
    }
    text += status === 101 ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n' : 'Connection: close\r\n\r\n';
    this.socket.write(text, 'latin1');
    if (status === 101) this.finish(true);
  }

  write(chunk: Buffer): boolean {
    return this.isOver || this.socket.write(chunk);
  }

  end(): void {
    if (!this.isOver) this.socket.end();
  }

  respond(status: number, reason: string, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.isOver) return;
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    this.head(status, reason, [...headers, 'Content-Length', String(length)]);
    if (body === undefined) this.socket.end();
    else this.socket.end(body);
  }

  abort(): void {
    if (!this.isOver) this.socket.destroy();
  }

  private finish(completed: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.off('close', this.onSocketClose);
    this.socket.off('drain', this.onSocketDrain);
    this.socket.off('readable', this.onSocketReadable);
    this.socket.off('end', this.onSocketEnd);
    this.listener.onClose(completed);
  }
}

function ignore(): void {
  // The close that follows says all there is to say.
}
