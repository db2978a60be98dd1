import { runServer } from './composition/run-server.ts';
import { ConfigurationError } from './core/errors.ts';

/** sysexits.h: EX_CONFIG. */
const CONFIGURATION_EXIT_CODE = 78;

process.on('unhandledRejection', (reason) => {
  throw reason;
});

try {
  await runServer(process.env);
  process.exit();
} catch (error) {
  if (error instanceof ConfigurationError) {
    const lines = error.faults.map(({ code, message, fix }) => `  ${code}: ${message} ${fix}`);
    process.stderr.write(`Latchkey does not start:\n${lines.join('\n')}\n`);
    process.exit(CONFIGURATION_EXIT_CODE);
  }
  process.stderr.write(
    `Latchkey stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}
