import { type ConfigFacts, type ConfigRule, type Finding, findingIf, type SigningKeyFact } from './config-facts.ts';
import { databaseAddress } from './database-address.ts';
import { estimatedBits, isKnownWeak } from './secret-strength.ts';

const leastKeyBytes = 32;
const leastKeyBits = 128;
const leastModulusBits = 2048;

/** Public: the key pair that the protocol library falls back to when it is given none. */
const developmentKeys = { kid: 'keystore-CHANGE-ME', thumbprint: 'r1LkbBo3925Rb2ZFFrKyU3MVex9T2817Kx0vbi6i_Kc' };

/** Rules about secret keys, what is derived from them, and signing keys. */
export const secretRules: readonly ConfigRule[] = [
  {
    code: 'SECRET_KEYS_MISSING',
    applies: 'production',
    find: ({ config, secretKeys }) =>
      findingIf(
        (config.databaseUrl !== undefined && config.secretKeys === undefined) || secretKeys?.length === 0,
        'SECRET_KEYS is not set, and servers that share a database must share their keys.',
        'Set it to 32 random bytes, such as the output of: openssl rand -base64 32',
      ),
  },
  {
    code: 'WEAK_SECRET_KEY',
    applies: 'production',
    find: (facts) =>
      chosenKeys(facts).flatMap((key, index) => {
        const weakness = weaknessOf(key);
        if (weakness === undefined) return [];
        return {
          message: `Number ${index + 1} of SECRET_KEYS ${weakness}.`,
          fix: 'Use the output of: openssl rand -base64 32',
        };
      }),
  },
  {
    code: 'REUSED_SECRET_KEY',
    applies: 'production',
    find: (facts) => {
      const keys = facts.secretKeys?.map((key) => key.text) ?? facts.config.secretKeys ?? [];
      const password = databaseAddress(facts.config.databaseUrl)?.password ?? '';
      const secrets = [...keys, ...(password === '' ? [] : [password])];
      return findingIf(
        new Set(secrets).size < secrets.length,
        'One secret serves twice: a key is repeated in SECRET_KEYS, or is also the password of the database.',
        'Give each its own random value.',
      );
    },
  },
  {
    code: 'COOKIE_KEYS_MISSING',
    applies: 'production',
    find: ({ derivedKeys }) => missingKeys('cookies', derivedKeys?.cookies),
  },
  {
    code: 'PEPPER_MISSING',
    applies: 'production',
    find: ({ derivedKeys }) => missingKeys('hashed secrets', derivedKeys?.peppers),
  },
  {
    code: 'PEPPER_IS_COOKIE_KEY',
    applies: 'production',
    find: ({ derivedKeys }) => {
      const cookies = new Set(derivedKeys?.cookies.map((key) => Buffer.from(key).toString('hex')));
      const shared = derivedKeys?.peppers.some((pepper) => cookies.has(Buffer.from(pepper).toString('hex')));
      return findingIf(shared === true, 'Cookies and hashed secrets share a key.', 'Derive each for its own purpose.');
    },
  },
  {
    code: 'SIGNING_KEYS_MISSING',
    applies: 'production',
    find: ({ signingKeys }) =>
      findingIf(
        signingKeys?.some((key) => key.kty !== 'oct') === false,
        'There is no signing key, and the protocol library would sign with one that everybody knows.',
        'Make one with: npx latchkey signing-keys rotate',
      ),
  },
  signingKeyRule('DEVELOPMENT_SIGNING_KEY', 'is published with the protocol library', (key) => {
    return key.kid === developmentKeys.kid || key.thumbprint === developmentKeys.thumbprint;
  }),
  signingKeyRule('SHORT_SIGNING_KEY', `is shorter than ${leastModulusBits} bits`, (key) => {
    return key.kty === 'RSA' && (key.modulusBits ?? 0) < leastModulusBits;
  }),
  signingKeyRule('SIGNING_KEY_FILE_READABLE', 'lies in a file that others may read (more than mode 0600)', (key) => {
    return key.fileMode !== undefined && (key.fileMode & 0o177) !== 0;
  }),
  signingKeyRule('DUPLICATE_SIGNING_KEY', 'has an identifier that another one has too', (key, all) => {
    return key.kid !== undefined && all.find((other) => other.kid === key.kid) !== key;
  }),
  signingKeyRule('UNMARKED_SIGNING_KEY', 'does not say its kid, alg and use', (key) => {
    return key.kid === undefined || key.alg === undefined || key.use === undefined;
  }),
  signingKeyRule(
    'SYMMETRIC_SIGNING_KEY',
    'is symmetric and would be published with the others',
    (key) => key.kty === 'oct',
  ),
];

/** Says what is wrong with a secret that a person chose, to go on "this key …"; undefined for a good one. */
export function weaknessOf(key: string): string | undefined {
  if (isKnownWeak(key)) return 'is a well-known example';
  if (Buffer.byteLength(key) < leastKeyBytes) return `is shorter than ${leastKeyBytes} bytes`;
  if (estimatedBits(key) < leastKeyBits) return `is too regular to hold ${leastKeyBits} bits`;
  return undefined;
}

function chosenKeys(facts: ConfigFacts): readonly string[] {
  if (facts.secretKeys === undefined) return facts.config.secretKeys ?? [];
  return facts.secretKeys.filter((key) => key.source === 'environment').map((key) => key.text);
}

function missingKeys(purpose: string, keys: readonly Uint8Array[] | undefined): readonly Finding[] {
  const missing = keys !== undefined && (keys.length === 0 || keys.some((key) => key.length < leastKeyBytes));
  return findingIf(missing, `There is no key of ${leastKeyBytes} bytes for ${purpose}.`, 'Set SECRET_KEYS.');
}

function signingKeyRule(
  code: string,
  fault: string,
  isBad: (key: SigningKeyFact, all: readonly SigningKeyFact[]) => boolean,
): ConfigRule {
  return {
    code,
    applies: 'production',
    find: ({ signingKeys = [] }) =>
      signingKeys
        .filter((key) => isBad(key, signingKeys))
        .map((key) => ({
          message: `Signing key ${key.kid ?? key.thumbprint} ${fault}.`,
          fix: 'Replace it with: npx latchkey signing-keys rotate',
        })),
  };
}
