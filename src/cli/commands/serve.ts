import type { CommandDefinition } from '../command-definition.ts';

/** `latchkey serve`: the server, in the foreground. */
export const command: CommandDefinition = {
  group: null,
  name: 'serve',
  summary: 'run the server',
  description: `Run the server until it is told to stop.

SIGTERM or Ctrl-C lets it finish the requests it has and end with exit code 0; a second signal ends it at once.
Without DATABASE_URL it starts its own PostgreSQL with the files in DATA_DIR. The log on standard output is JSON.`,
  examples: [
    ['latchkey serve', 'on http://localhost:3000, everything in ./data'],
    ['PORT=4000 DATABASE_URL=postgres://auth@db/auth latchkey serve', 'on another port, with your own PostgreSQL'],
  ],
  exitCodes: { 0: 'stopped after a signal, all requests finished', 1: 'stopped by an error' },
  run: async ({ env, loadMaintenance }) => {
    const { runServer } = await loadMaintenance();
    await runServer(env);
  },
};
