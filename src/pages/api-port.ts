import type { IncomingMessage } from 'node:http';

/** One call of the JSON API that a page makes for the person who looks at it. */
export interface ApiAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path as the API declares it, such as `/api/tokens/:id`. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Makes a repeat of the call a conflict, for forms that make a credential. */
  readonly idempotencyKey?: string;
}

/** Calls the JSON API in process, as the session named. Gives the body of the answer; throws what the API refuses with. */
export type CallApi = (
  call: ApiAsk & { readonly request: IncomingMessage; readonly session: string },
) => Promise<unknown>;
