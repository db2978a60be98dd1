import { ConfigurationError, type ConfigurationFault } from '../core/errors.ts';
import { databaseRules } from './check-database.ts';
import { issuerRules } from './check-issuer.ts';
import { providerRules } from './check-provider.ts';
import { secretRules } from './check-secrets.ts';
import { type ConfigFacts, type ConfigRule, knownIssuer } from './config-facts.ts';
import { isProduction } from './environment.ts';

/** Every reason not to start, in the order in which they are told. */
export const configRules: readonly ConfigRule[] = [...issuerRules, ...secretRules, ...providerRules, ...databaseRules];

/** What the rules say about a configuration. */
export interface ConfigReview {
  /** Reasons not to start. */
  readonly refusals: readonly ConfigurationFault[];
  /** Reasons that `ALLOW_INSECURE` names one by one; to be logged as warnings at every start. */
  readonly overridden: readonly ConfigurationFault[];
  /** Things that are unwise and allowed; to be logged as warnings at every start. */
  readonly warnings: readonly ConfigurationFault[];
}

/** Lists every reason not to start with these facts; empty when there is none. */
export function checkConfig(facts: ConfigFacts): ConfigurationFault[] {
  return [...reviewConfig(facts).refusals];
}

/** Asks every rule about the facts that are known so far: outside production only what is nonsense anywhere is refused. */
export function reviewConfig(facts: ConfigFacts): ConfigReview {
  const production = isProduction({ nodeEnv: facts.config.nodeEnv, issuer: knownIssuer(facts) });
  const asked = configRules.filter((rule) => production || rule.applies === 'always');
  const found = asked.flatMap((rule) =>
    rule.find(facts).map((finding) => ({ rule, fault: { code: rule.code, ...finding } })),
  );
  const isOverridden = (rule: ConfigRule): boolean =>
    rule.applies === 'production' && facts.config.allowInsecure.includes(rule.code);
  const refused = found.filter(({ rule }) => rule.applies !== 'warning' && !isOverridden(rule));
  return {
    refusals: [...unknownOverrides(facts), ...refused.map(({ fault }) => fault)],
    overridden: found.filter(({ rule }) => isOverridden(rule)).map(({ fault }) => fault),
    warnings: found.filter(({ rule }) => rule.applies === 'warning').map(({ fault }) => fault),
  };
}

/** Throws a ConfigurationError with every refusal, or gives the review of a configuration that may start. */
export function requireSafeConfig(facts: ConfigFacts): ConfigReview {
  const review = reviewConfig(facts);
  if (review.refusals.length > 0) throw new ConfigurationError(review.refusals);
  return review;
}

/** An override that overrides nothing is a mistake or a leftover of another version. */
function unknownOverrides(facts: ConfigFacts): ConfigurationFault[] {
  const codes = configRules.filter((rule) => rule.applies === 'production').map((rule) => rule.code);
  return facts.config.allowInsecure
    .filter((code) => !codes.includes(code))
    .map((code) => ({
      code: 'UNKNOWN_OVERRIDE',
      message: `ALLOW_INSECURE names ${code}, which is not a refusal that can be overridden.`,
      fix: 'Remove it.',
    }));
}
