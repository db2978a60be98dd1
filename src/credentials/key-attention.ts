import type { Credential } from './credential.ts';

/** Why a key that works is worth a look. */
export const attentionReasons = ['never_used', 'unused', 'never_expiring', 'old'] as const;

/** One of them: never used, not used for long, without an end, made long ago. */
export type AttentionReason = (typeof attentionReasons)[number];

/** So long without use, or since it was made, is long; days. */
export const attentionDays = 90;

/** A key that was made just now need not have been used yet; days. */
export const daysToFirstUse = 1;

/** The keys of a workspace that one reason applies to. */
export interface AttentionGroup {
  readonly reason: AttentionReason;
  readonly count: number;
  /** The oldest of them. */
  readonly examples: readonly Credential[];
}

/** What is worth a look in a workspace. */
export interface KeyAttention {
  /** How many keys that work were looked at. */
  readonly lookedAt: number;
  /** Reasons that apply to no key are left out. */
  readonly groups: readonly AttentionGroup[];
}

/** Finds what is worth a look among the keys of a workspace that work, the first `most` of them. */
export type FindKeyAttention = (question: {
  readonly workspaceId: number;
  readonly examples: number;
  readonly most: number;
}) => Promise<KeyAttention>;

/** Somebody who made keys. */
export interface KeyMaker {
  readonly id: number;
  /** Their address for want of a name. */
  readonly name: string;
}

/** Lists the people who made the keys of a workspace, as far as they still exist. */
export type ListKeyMakers = (workspaceId: number) => Promise<readonly KeyMaker[]>;
