import type { Knex } from 'knex';

/** A fact that all processes of an installation share. */
export type ServerSetting = 'issuer' | 'secret_key_fingerprint';

/** Remembers a fact unless there is one already, and gives the one that counts; of several processes at once, one decides. */
export async function settleServerSetting(knex: Knex, name: ServerSetting, value: string): Promise<string> {
  await knex('server_settings')
    .insert({ name, value: JSON.stringify(value) })
    .onConflict('name')
    .ignore();
  return (await readServerSetting(knex, name)) ?? value;
}

/** Reads a fact, or undefined before anybody has settled it. */
export async function readServerSetting(knex: Knex, name: ServerSetting): Promise<string | undefined> {
  const row: { value: unknown } | undefined = await knex('server_settings').where({ name }).first('value');
  return typeof row?.value === 'string' ? row.value : undefined;
}

/** Replaces a fact, such as the fingerprint after the secret keys were rotated. */
export async function writeServerSetting(knex: Knex, name: ServerSetting, value: string): Promise<void> {
  await knex('server_settings')
    .insert({ name, value: JSON.stringify(value) })
    .onConflict('name')
    .merge({ value: JSON.stringify(value), updated_at: knex.fn.now() });
}
