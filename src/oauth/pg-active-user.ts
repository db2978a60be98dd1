import type { Queries } from '../db/request-transaction.ts';
import type { ProtocolUser } from './find-account.ts';

/**
 * Builds the lookup of a user who is not disabled. It asks on the connection of the request's transaction: a request that
 * held one connection and waited for another would, with enough of its like, wait for ever.
 */
export function pgActiveUser(
  queries: Queries,
  translateError: (error: unknown) => unknown,
): (id: number) => Promise<ProtocolUser | null> {
  return async (id) => {
    try {
      const { rows } = await queries.query<{ id: number; email: string; name: string }>({
        name: 'active-user',
        text: 'SELECT id, email, name FROM users WHERE id = $1 AND disabled_at IS NULL',
        values: [id],
      });
      return rows[0] ?? null;
    } catch (error) {
      throw translateError(error);
    }
  };
}
