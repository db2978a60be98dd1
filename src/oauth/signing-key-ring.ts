import type { KeyRing } from '../crypto/derive-keys.ts';
import {
  openSigningKey,
  type PrivateJwk,
  type PublicJwk,
  type PublishedSigningKey,
  publicPart,
} from './signing-key.ts';
import type { SigningKeyRepository } from './signing-key-repository.ts';

/** The signing keys as this process knows them, and what is built from them; follows what other processes do. */
export interface SigningKeyRing<Built> {
  /** What was built from the published keys, the active one first; another object after the keys have changed. */
  current(): Built;
  /** The published keys by `kid`, for verifying what any of them signed. */
  publicKeys(): ReadonlyMap<string, PublicJwk>;
  /** The published key of that name; looks into the database, at most once a second, for one that this process has not noticed yet. */
  publicKey(kid: string): PublicJwk | null | Promise<PublicJwk | null>;
  /** Reads the keys now; never fails: without an answer the present keys stay, and the failure is reported. */
  refresh(): Promise<void>;
  /** Stops following; waits for a reading that is under way. */
  close(): Promise<void>;
}

/** What a ring needs. */
export interface SigningKeyRingDeps<Built> {
  readonly repository: Pick<SigningKeyRepository, 'listPublished'>;
  readonly sealingKeys: KeyRing;
  /** Builds what uses the keys; called again only when the keys or their order have changed. */
  readonly build: (keys: readonly PrivateJwk[]) => Built;
  readonly reportFailure: (error: unknown) => void;
  /** How often to look; 10 s unless said, and far less than a new key waits before it signs. */
  readonly pollMs?: number;
}

const POLL_MS = 10_000;
const UNKNOWN_KEY_PAUSE_MS = 1000;
/** The database's clock must have passed the moment when its change is read. */
const AFTER_CHANGE_MS = 20;

interface State<Built> {
  readonly keys: readonly PrivateJwk[];
  readonly publicKeys: ReadonlyMap<string, PublicJwk>;
  readonly built: Built;
}

/** Reads the keys, builds from them and follows them from then on; throws when the first reading fails. */
export async function openSigningKeyRing<Built>(deps: SigningKeyRingDeps<Built>): Promise<SigningKeyRing<Built>> {
  const pollMs = deps.pollMs ?? POLL_MS;
  let state: State<Built>;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let reading: Promise<void> = Promise.resolve();
  let lastReadAtMs = Date.now();
  let lookingForUnknown: Promise<void> | null = null;

  async function read(): Promise<void> {
    if (closed) return;
    let nextMs = pollMs;
    try {
      const published = await deps.repository.listPublished();
      state = stateOf(deps, published, state);
      nextMs = Math.min(pollMs, ...published.map(({ changesInMs }) => (changesInMs ?? pollMs) + AFTER_CHANGE_MS));
    } catch (error) {
      deps.reportFailure(error);
    }
    lastReadAtMs = Date.now();
    schedule(nextMs);
  }

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void refresh(), delayMs).unref();
  }

  /** A reading that began earlier may have missed what the caller has just written, so every call gets one of its own. */
  function refresh(): Promise<void> {
    reading = reading.then(read);
    return reading;
  }

  state = stateOf(deps, await deps.repository.listPublished(), undefined);
  schedule(0);
  return {
    current: () => state.built,
    publicKeys: () => state.publicKeys,
    publicKey(kid) {
      const published = state.publicKeys.get(kid);
      if (published !== undefined) return published;
      if (Date.now() - lastReadAtMs < UNKNOWN_KEY_PAUSE_MS) return null;
      // One reading for all who ask meanwhile: names of keys are made up by whoever writes a token.
      lookingForUnknown ??= refresh().finally(() => {
        lookingForUnknown = null;
      });
      return lookingForUnknown.then(() => state.publicKeys.get(kid) ?? null);
    },
    refresh,
    async close() {
      closed = true;
      clearTimeout(timer);
      await reading;
    },
  };
}

/** The state for these keys; the present one when nothing has changed. A key known already is not opened again, whoever sealed it anew. */
function stateOf<Built>(
  deps: SigningKeyRingDeps<Built>,
  published: readonly PublishedSigningKey[],
  present: State<Built> | undefined,
): State<Built> {
  if (published.length === 0) throw new Error('there is no published signing key');
  if (present !== undefined && isSameOrder(present.keys, published)) return present;
  const known = new Map(present?.keys.map((key) => [key.kid, key]));
  const keys = published.map((stored) => known.get(stored.kid) ?? openSigningKey(deps.sealingKeys, stored));
  // The public part comes out of the sealed one: whoever can write the table alone can not publish a key of theirs.
  const publicKeys = new Map(keys.map((key) => [key.kid ?? '', publicPart(key)]));
  return { keys, publicKeys, built: deps.build(keys) };
}

function isSameOrder(keys: readonly PrivateJwk[], published: readonly PublishedSigningKey[]): boolean {
  return keys.length === published.length && keys.every(({ kid }, index) => kid === published[index]?.kid);
}
