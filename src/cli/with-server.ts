import type { ApiClient } from './api-client.ts';
import type { Invocation } from './command-definition.ts';

/** Connects to the server of this invocation. Loads the client only now, so that help stays quick. */
export async function withServer<T>(invocation: Invocation, work: (api: ApiClient) => Promise<T>): Promise<T> {
  const { connect } = await import('./api-client.ts');
  return work(await connect(invocation.env, invocation.output));
}
