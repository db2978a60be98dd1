import { z } from 'zod';
import { durationInWords } from './in-words.ts';
import type { PersonPage } from './person-page.ts';
import type { Vocabulary } from './scope-choices.ts';

/** One tier to choose. */
export interface TierChoice {
  /** What the form sends; empty for the workspace's. */
  readonly value: string;
  readonly label: string;
  /** Such as `10,000 calls an hour`. */
  readonly limit: string;
  readonly chosen: boolean;
  /** Why it can not be chosen; null where it can. */
  readonly refusal: string | null;
}

const workspaceAnswer = z.object({ rate_limit_tier: z.string() });

/** Offers the tiers of the vocabulary for a key of a workspace, those beyond the workspace's only to administrators. */
export async function readTierChoices(
  page: PersonPage,
  { tiers }: Pick<Vocabulary, 'tiers'>,
  workspaceId: number | null,
  chosen: string | null,
): Promise<readonly TierChoice[]> {
  if (workspaceId === null) return [];
  const { rate_limit_tier: own } = await page.api(workspaceAnswer, {
    method: 'GET',
    path: '/api/workspaces/:id',
    params: { id: String(workspaceId) },
  });
  const inherited = {
    value: '',
    label: `As the workspace has it (${own})`,
    limit: limitInWords(tiers[own]),
    chosen: (chosen ?? '') === '',
    refusal: null,
  };
  const named = Object.entries(tiers).map(([name, tier]) => {
    const isAbove = callsPerSecond(tier) > callsPerSecond(tiers[own]);
    const refusal = `More than the workspace has: this needs admin:users, as an administrator of the server has it.`;
    return {
      value: name,
      label: name,
      limit: limitInWords(tier),
      chosen: chosen === name,
      // What it has already it may keep.
      refusal: isAbove && !page.can('admin:users') && chosen !== name ? refusal : null,
    };
  });
  return [inherited, ...named];
}

type Tier = Vocabulary['tiers'][string] | undefined;

const COUNT = new Intl.NumberFormat('en-GB');

/** Says what a tier allows, such as `10,000 calls an hour`. */
export function limitInWords(tier: Tier): string {
  if (tier === undefined) return 'no longer in the vocabulary';
  if (tier.limit === null) return 'without a limit';
  return `${COUNT.format(tier.limit)} calls ${windowInWords(tier.window_seconds)}`;
}

function windowInWords(seconds: number): string {
  const words = durationInWords(seconds);
  if (!words.startsWith('1 ')) return `every ${words}`;
  return words === '1 hour' ? 'an hour' : `a ${words.slice(2)}`;
}

function callsPerSecond(tier: Tier): number {
  if (tier === undefined) return -1;
  return tier.limit === null ? Number.POSITIVE_INFINITY : tier.limit / tier.window_seconds;
}
