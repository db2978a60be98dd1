import { connect, type Socket } from 'node:net';

/** An answer as it came, its body as text. */
export interface PlainAnswer {
  readonly status: number;
  /** Everything up to the empty line. */
  readonly head: string;
  readonly body: string;
}

/**
 * A connection that is kept and asks one thing after the other, written by hand: node's own client takes as much of the
 * load's core as PostgreSQL takes for the answer. It knows bodies of a stated length, and throws for any other.
 */
export interface PlainConnection {
  ask(request: string): Promise<PlainAnswer>;
  close(): void;
}

/** Opens one. */
export async function openPlainConnection(url: string): Promise<PlainConnection> {
  const { hostname, port } = new URL(url);
  const socket = await connected(Number(port), hostname);
  let text = '';
  let waiting: { resolve(answer: PlainAnswer): void; reject(error: Error): void } | null = null;

  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\r\n\r\n');
    if (end === -1 || waiting === null) return;
    const head = text.slice(0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return waiting.reject(new Error(`an answer without a stated length: ${head}`));
    const whole = end + 4 + Number(length);
    if (text.length < whole) return;
    const answer = { status: Number(head.slice(9, 12)), head, body: text.slice(end + 4, whole) };
    text = text.slice(whole);
    const { resolve } = waiting;
    waiting = null;
    resolve(answer);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => socket.destroy(),
  };
}

function connected(port: number, hostname: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: hostname, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
