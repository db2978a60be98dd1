import { generateKeyPairSync } from 'node:crypto';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import pg from 'pg';

/*
 * The third yardstick: the protocol library on PostgreSQL, as its documentation shows how to store things, its client in
 * the database too. Whoever comes is signed in and has consented: only the protocol is measured.
 */
const port = Number(process.env.PORT);
const RESOURCE = 'https://api.example.com';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 14 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS bench_yardstick (
    id text NOT NULL, model text NOT NULL, payload jsonb NOT NULL, grant_id text, uid text, expires_at timestamptz,
    consumed_at timestamptz, PRIMARY KEY (id, model));
  CREATE INDEX IF NOT EXISTS bench_yardstick_grant ON bench_yardstick (grant_id);
  CREATE INDEX IF NOT EXISTS bench_yardstick_uid ON bench_yardstick (uid);`);

function adapterOf(model: string): Adapter {
  const first = async (name: string, condition: string, value: string): Promise<AdapterPayload | undefined> => {
    const { rows } = await pool.query({
      name: `find-${name}`,
      text: `SELECT payload, expires_at, consumed_at FROM bench_yardstick WHERE ${condition} = $1 AND model = $2`,
      values: [value, model],
    });
    const row = rows[0];
    if (row === undefined || (row.expires_at !== null && row.expires_at < new Date())) return undefined;
    return { ...row.payload, ...(row.consumed_at !== null && { consumed: true }) };
  };
  return {
    upsert: async (id, payload, expiresIn: number | undefined) => {
      const expiresAt = expiresIn === undefined ? null : new Date(Date.now() + expiresIn * 1000);
      await pool.query({
        name: 'upsert',
        text: `INSERT INTO bench_yardstick (id, model, payload, grant_id, uid, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (id, model) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id,
                 uid = EXCLUDED.uid, expires_at = EXCLUDED.expires_at`,
        values: [id, model, payload, payload.grantId ?? null, payload.uid ?? null, expiresAt],
      });
    },
    find: (id) => first('id', 'id', id),
    findByUid: (uid) => first('uid', 'uid', uid),
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const text = 'UPDATE bench_yardstick SET consumed_at = now() WHERE id = $1 AND model = $2';
      await pool.query({ name: 'consume', text, values: [id, model] });
    },
    destroy: async (id) => {
      const text = 'DELETE FROM bench_yardstick WHERE id = $1 AND model = $2';
      await pool.query({ name: 'destroy', text, values: [id, model] });
    },
    revokeByGrantId: async (grantId) => {
      const text = 'DELETE FROM bench_yardstick WHERE grant_id = $1';
      await pool.query({ name: 'revoke', text, values: [grantId] });
    },
  };
}

await adapterOf('Client').upsert(
  'bench',
  {
    client_id: 'bench',
    client_secret: 'bench-secret-of-some-length',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://localhost:9/callback'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  },
  315_360_000,
);

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://localhost:${port}`, {
  adapter: adapterOf,
  cookies: { keys: ['a key for the cookies of the yardstick'] },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'posts:read', audience: RESOURCE, accessTokenFormat: 'opaque' }),
    },
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next();
  const { prompt, params } = await provider.interactionDetails(context.req, context.res);
  if (prompt.name === 'login') {
    const login = { accountId: crypto.randomUUID() };
    return provider.interactionFinished(context.req, context.res, { login });
  }
  const { session } = await provider.interactionDetails(context.req, context.res);
  const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(RESOURCE, 'posts:read');
  await provider.interactionFinished(context.req, context.res, { consent: { grantId: await grant.save() } });
});
provider.listen(port, '127.0.0.1');
