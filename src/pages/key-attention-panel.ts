import { z } from 'zod';
import { type AttentionReason, attentionReasons } from '../credentials/key-attention.ts';
import { counted } from './in-words.ts';
import { type KeySurroundings, keyAnswer, type ShownKey, showKey } from './key-answers.ts';
import type { PersonPage } from './person-page.ts';
import { dayInWords } from './times.ts';

const attentionAnswer = z.object({
  looked_at: z.number(),
  data: z.array(z.object({ reason: z.enum(attentionReasons), count: z.number(), examples: z.array(keyAnswer) })),
});

/** The keys that one reason applies to, as the panel shows them. */
export interface AttentionGroup {
  readonly reason: AttentionReason;
  readonly heading: string;
  readonly advice: string;
  readonly examples: readonly ShownKey[];
  /** The list of all of them; null where the examples are all. */
  readonly all: { readonly href: string; readonly label: string } | null;
}

const WORDS: Readonly<Record<AttentionReason, readonly [heading: (keys: string) => string, advice: string]>> = {
  never_used: [(keys) => `${keys} never used`, 'Whoever made it may not need it. A key that is gone can not leak.'],
  unused: [(keys) => `${keys} not used for 90 days`, 'End what nobody needs, or take away what it does not need.'],
  never_expiring: [(keys) => `${keys} without an end`, 'A key with an end is worth less to whoever copied it.'],
  old: [(keys) => `${keys} older than 90 days`, 'Replace it: rotating needs no gap, both keys work for a while.'],
};

/** What the heading of the list says when it shows one reason only. */
export function headingOf(reason: AttentionReason): string {
  return WORDS[reason][0]('Keys');
}

/** Days that the one-click remedy for keys without an end gives them. */
export const remedyDays = 90;

/** The day that remedy comes to, written out. */
export function remedyDay(now: Date): string {
  return dayInWords(new Date(now.getTime() + remedyDays * 86_400_000));
}

/** Reads what is worth a look in the workspace of the session. */
export async function readAttention(
  page: PersonPage,
  surroundings: Promise<KeySurroundings>,
): Promise<readonly AttentionGroup[]> {
  const { data } = await page.api(attentionAnswer, { method: 'GET', path: '/api/keys/attention' });
  const known = await surroundings;
  return data.map(({ reason, count, examples }) => {
    const [heading, advice] = WORDS[reason];
    return {
      reason,
      heading: heading(counted(count, 'key')),
      advice,
      examples: examples.map((key) => showKey(key, known)),
      all: count > examples.length ? { href: `/keys?attention=${reason}`, label: `See all ${count}` } : null,
    };
  });
}
