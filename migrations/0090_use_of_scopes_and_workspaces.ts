import type { Knex } from 'knex';

/**
 * Creates the count of how often a scope was exercised on a day, and the use of workspaces: a meter of its own, so that it
 * need not be added up from all of their credentials. What was recorded of those until now is added up here, once.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE usage_scope_days (
      meter text NOT NULL,
      scope text NOT NULL,
      day date NOT NULL,
      calls bigint NOT NULL,
      PRIMARY KEY (meter, scope, day)
    )`);
  await knex.raw('CREATE INDEX usage_scope_days_age ON usage_scope_days (day)');
  await knex.raw(`
    INSERT INTO usage_hours (meter, hour, allowed, denied)
    SELECT 'workspace:' || c.workspace_id, h.hour, sum(h.allowed), sum(h.denied)
      FROM usage_hours h JOIN credentials c ON h.meter = 'credential:' || c.id
     GROUP BY c.workspace_id, h.hour`);
  await knex.raw(`
    INSERT INTO usage_days (meter, day, allowed, denied)
    SELECT 'workspace:' || c.workspace_id, d.day, sum(d.allowed), sum(d.denied)
      FROM usage_days d JOIN credentials c ON d.meter = 'credential:' || c.id
     GROUP BY c.workspace_id, d.day`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  for (const table of ['usage_hours', 'usage_days', 'usage_last', 'usage_scopes']) {
    await knex.raw(`DELETE FROM ${table} WHERE meter LIKE 'workspace:%'`);
  }
  await knex.raw('DROP TABLE usage_scope_days');
}
