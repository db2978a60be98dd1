import type { Knex } from 'knex';

/**
 * Keeps the end that a key had before it was rotated, which bounds how far its grace may be prolonged. Of rotations that
 * are under way nobody knows it anymore: those keep the grace that they have.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE credentials ADD COLUMN end_before_rotation timestamptz');
  await knex.raw('UPDATE credentials SET end_before_rotation = expires_at WHERE replaced_by IS NOT NULL');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE credentials DROP COLUMN end_before_rotation');
}
