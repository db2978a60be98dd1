import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer | undefined;

/** Starts the one database server of this run, before any worker; workers find it through their environment. */
export async function mochaGlobalSetup(): Promise<void> {
  server = await startTestServer();
  process.env.LATCHKEY_TEST_SERVER = server.serverUrl;
  process.env.LATCHKEY_TEST_PREFIX = server.prefix;
}

/** Stops the server, or drops what was made on an external one, after the last worker. */
export async function mochaGlobalTeardown(): Promise<void> {
  await server?.stop();
}
