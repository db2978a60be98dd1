import type { AuditNote } from '../audit/audit-event.ts';
import { noteCaller } from '../audit/audit-origin.ts';
import { onceAMinute } from '../audit/once-a-minute.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import { systemClock } from '../core/clock.ts';
import { isEmail, normaliseEmail } from '../users/normalise-email.ts';
import type { Session } from '../users/session.ts';
import type { SessionRepository } from '../users/session-repository.ts';
import type { User } from '../users/user.ts';
import type { UserRepository } from '../users/user-repository.ts';
import type { People } from './compose-people.ts';

/** Makes everything that people do to get in and out leave its event. */
export function auditedPeople(trail: AuditTrail, people: People): People {
  return { ...people, ...auditedSignIn(trail, people), ...auditedSessions(trail, people) };
}

/**
 * Refusals are written when the answer is settled, and no failure of the trail changes it. An address of nobody is not
 * written: people type their password into that field.
 */
function auditedSignIn(
  trail: AuditTrail,
  { users, signIn, changePassword, confirmPassword }: People,
): Pick<People, 'signIn' | 'changePassword' | 'confirmPassword'> {
  const isFirst = onceAMinute(systemClock);
  const refused = (note: Omit<AuditNote, 'outcome'>): Promise<void> => trail.attempt({ ...note, outcome: 'refused' });

  async function userIdOf(typed: string): Promise<number | null> {
    const email = normaliseEmail(typed);
    if (!isEmail(email)) return null;
    return (await users.findByEmail(email).catch(() => null))?.id ?? null;
  }

  return {
    async signIn(input) {
      const result = await signIn(input);
      if (result.outcome === 'signed_in') return result;
      // A flood of tries that never reach the password must not become a flood of events.
      const isCounted = result.outcome === 'wrong' || isFirst(`sign-in ${normaliseEmail(input.email)}`);
      if (isCounted) {
        const target = await userIdOf(input.email);
        await refused({ action: 'sign_in.refused', target, workspaceId: null, after: { reason: result.outcome } });
      }
      return result;
    },
    async changePassword(input) {
      const result = await changePassword(input);
      const isWrong = result.outcome === 'wrong_password';
      if (isWrong || (result.outcome === 'throttled' && isFirst(`password ${input.userId}`))) {
        await refused({ action: 'password.changed', target: input.userId, after: { reason: result.outcome } });
      }
      return result;
    },
    async confirmPassword(input) {
      const result = await confirmPassword(input);
      if (result.outcome === 'wrong' || (result.outcome === 'throttled' && isFirst(`password ${input.userId}`))) {
        await refused({ action: 'sign_in.refused', target: input.userId, after: { reason: result.outcome } });
      }
      return result;
    },
  };
}

/** Sessions begin and end in one transaction with their events: there is no session that the trail does not know. */
function auditedSessions(
  trail: AuditTrail,
  { sessions, startSession, resumeSession, reauthenticateSession }: People,
): Pick<People, 'sessions' | 'startSession' | 'resumeSession' | 'reauthenticateSession'> {
  const ended = (id: number): AuditNote => ({ action: 'session.ended', target: id });
  return {
    startSession: (input) =>
      trail.around(
        async () => {
          const started = await startSession(input);
          if (input.replacedSessionId != null) await trail.record(ended(input.replacedSessionId));
          return started;
        },
        ({ session }) => ({
          action: 'session.started',
          target: session.id,
          workspaceId: session.workspaceId,
          ...actingBy(session),
          after: { user_agent: session.userAgent },
        }),
      ),
    reauthenticateSession: (id) =>
      trail.around(
        () => reauthenticateSession(id),
        (renewed) =>
          renewed && {
            action: 'session.renewed',
            target: id,
            workspaceId: renewed.session.workspaceId,
            ...actingBy(renewed.session),
          },
      ),
    async resumeSession(cookieValue) {
      const resumed = await resumeSession(cookieValue);
      if (resumed !== null) noteCaller({ ...actingBy(resumed.session), workspaceId: resumed.session.workspaceId });
      return resumed;
    },
    sessions: {
      ...sessions,
      end: (id) =>
        trail.around(
          () => sessions.end(id),
          (existed) => (existed ? ended(id) : null),
        ),
      endOwn: (userId, id) =>
        trail.around(
          () => sessions.endOwn(userId, id),
          (existed) => (existed ? ended(id) : null),
        ),
    },
  };
}

function actingBy({ id, userId }: Session): Required<Pick<AuditNote, 'actor' | 'credential'>> {
  return { actor: { type: 'user', id: userId }, credential: { type: 'session', id } };
}

/** Makes every change of users leave its event. */
export function auditedUsers(trail: AuditTrail, users: UserRepository): UserRepository {
  return {
    ...users,
    insert: (user) =>
      trail.around(
        () => users.insert(user),
        (created) =>
          created && {
            action: 'user.created',
            target: created.id,
            after: { ...fieldsOf(created), has_password: user.passwordHash !== null },
          },
      ),
    async update(id, changes) {
      let before: User | null = null;
      return trail.around(
        async () => {
          before = await users.find(id);
          return users.update(id, changes);
        },
        (changed) => {
          if (changed === null || changed === 'email_taken' || before === null) return null;
          if (before.name === changed.name && before.email === changed.email) return null;
          return { action: 'user.changed', target: id, before: fieldsOf(before), after: fieldsOf(changed) };
        },
      );
    },
    async setDisabled(id, disabled) {
      let before: User | null = null;
      return trail.around(
        async () => {
          before = await users.find(id);
          return users.setDisabled(id, disabled);
        },
        (user) => {
          if (user === null || (before?.disabledAt !== null) === disabled) return null;
          return { action: disabled ? 'user.disabled' : 'user.enabled', target: id };
        },
      );
    },
  };
}

function fieldsOf({ email, name, mustChangePassword }: User): Record<string, unknown> {
  return { email, name, must_change_password: mustChangePassword };
}

/** Makes the setting of a password leave its event, in the transaction of whoever sets it. */
export function auditedPasswords<Users extends Pick<UserRepository, 'setPassword'>>(
  trail: AuditTrail,
  users: Users,
  action: 'password.changed' | 'password.set_by_link',
): Users {
  return {
    ...users,
    setPassword: (id: number, password: Parameters<UserRepository['setPassword']>[1]) =>
      trail.around(
        () => users.setPassword(id, password),
        (changed) => (changed ? { action, target: id, actor: { type: 'user', id } } : null),
      ),
  };
}

/** Makes the ending of many sessions of a user leave its event: all by an administrator, all others by the user. */
export function auditedEndOfUser<Sessions extends Pick<SessionRepository, 'endOfUser'>>(
  trail: AuditTrail,
  sessions: Sessions,
  action: 'sessions.ended_all' | 'sessions.ended_others' = 'sessions.ended_all',
): Sessions {
  return {
    ...sessions,
    endOfUser: (userId: number, exceptId: number | null) =>
      trail.around(
        () => sessions.endOfUser(userId, exceptId),
        // What an administrator does is written even where nobody was signed in.
        (count) =>
          count === 0 && action === 'sessions.ended_others' ? null : { action, target: userId, after: { count } },
      ),
  };
}

/** Makes an administrator's invitation of a user leave its event. */
export function auditedInvitation(
  trail: AuditTrail,
  people: Pick<People, 'users' | 'createOneTimeLink'>,
): People['createOneTimeLink'] {
  return async (input) => {
    const invited = await people.users.findByEmail(input.email);
    return trail.around(
      () => people.createOneTimeLink(input),
      (link) => link && { action: 'user.invited', target: invited?.id ?? null },
    );
  };
}
