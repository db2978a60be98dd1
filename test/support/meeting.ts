/** Lets nobody on before `count` have come: lines competitors up between their look and their write, however slow they are. */
export function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come >= count) resolve();
    return promise;
  };
}

/**
 * A function for triggers, `wait_for_another()`: the first who calls it waits until somebody else has come, at most one
 * second, which is less than a statement may take. A sequence counts them, because it belongs to no transaction.
 */
export const waitForAnother = `
  CREATE SEQUENCE come;
  CREATE FUNCTION wait_for_another() RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM nextval('come');
    FOR tries IN 1..100 LOOP
      EXIT WHEN (SELECT last_value FROM come) > 1;
      PERFORM pg_sleep(0.01);
    END LOOP;
  END $$;`;
