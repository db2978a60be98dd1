import type { Queries } from './pg-artifact-repository.ts';

const BATCH = 500;

/* Clock tolerance of the protocol library; a token is never swept while somebody might still accept it. */
const SWEEP = `
  DELETE FROM oauth_artifacts WHERE id_hash IN (
    SELECT id_hash FROM oauth_artifacts WHERE expires_at < now() - interval '15 seconds'
     ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;

/** Deletes expired artifacts in batches, so that no lock is held for long; gives the number of rows. */
export async function sweepArtifacts(queries: Queries): Promise<number> {
  let swept = 0;
  for (;;) {
    const { rowCount } = await queries.query({ name: 'artifact-sweep', text: SWEEP });
    swept += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH) return swept;
  }
}
