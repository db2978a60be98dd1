import { expect } from 'chai';
import type { AuditEvent } from '../../../src/audit/audit-event.ts';
import { noteCaller, withRequestOrigin } from '../../../src/audit/audit-origin.ts';
import { onceAMinute } from '../../../src/audit/once-a-minute.ts';
import { recordAudit } from '../../../src/audit/record-audit.ts';

const request = { address: '192.0.2.1', requestId: 'request-1', path: '/api/clients' };
const caller = {
  actor: { type: 'user', id: 7 },
  credential: { type: 'session', id: 9 },
  workspaceId: 3,
} as const;

describe('the audit trail', () => {
  let written: AuditEvent[];
  let failures: unknown[];
  let broken = false;
  const trail = recordAudit({
    append: async (event) => {
      if (broken) throw new Error('no room');
      written.push(event);
    },
    together: (work) => work(),
    reportFailure: (error) => failures.push(error),
  });

  beforeEach(() => {
    written = [];
    failures = [];
    broken = false;
  });

  it('knows who, by what and from where within a request', async () => {
    await withRequestOrigin(request, async () => {
      noteCaller(caller);
      await trail.record({ action: 'client.deleted', target: 'c', before: { name: 'x' } });
    });
    expect(written).to.deep.equal([
      {
        action: 'client.deleted',
        outcome: 'done',
        actor: { type: 'user', id: '7' },
        credential: { type: 'session', id: '9' },
        target: { type: 'client', id: 'c' },
        workspaceId: 3,
        address: '192.0.2.1',
        requestId: 'request-1',
        before: { name: 'x' },
        after: null,
      },
    ]);
  });

  it('calls a request of nobody anonymous, and work without a request the system’s', async () => {
    await withRequestOrigin(request, () => trail.record({ action: 'sign_in.refused', target: null }));
    await trail.record({ action: 'user.created', target: 1 });
    expect(written.map(({ actor, credential }) => [actor.type, actor.id, credential])).to.deep.equal([
      ['anonymous', null, null],
      ['system', null, null],
    ]);
  });

  it('lends the credential of a request to nobody but its owner', async () => {
    await withRequestOrigin(request, async () => {
      noteCaller(caller);
      await trail.record({ action: 'password.changed', target: 7, actor: { type: 'user', id: 7 } });
      await trail.record({ action: 'password.set_by_link', target: 8, actor: { type: 'user', id: 8 } });
    });
    expect(written.map(({ credential }) => credential)).to.deep.equal([{ type: 'session', id: '9' }, null]);
  });

  it('keeps requests that are answered at the same time apart', async () => {
    await Promise.all(
      [1, 2, 3].map((id) =>
        withRequestOrigin({ ...request, requestId: `request-${id}` }, async () => {
          await new Promise(setImmediate);
          noteCaller({ ...caller, actor: { type: 'user', id } });
          await new Promise(setImmediate);
          await trail.record({ action: 'user.created', target: id });
        }),
      ),
    );
    for (const { requestId, actor, target } of written) {
      expect([requestId, actor.id]).to.deep.equal([`request-${target.id}`, target.id]);
    }
  });

  it('fails the change whose event it can not write, and leaves a refusal as it is', async () => {
    broken = true;
    const change = trail.around(
      async () => 'changed',
      () => ({ action: 'client.created', target: 'c' }),
    );
    expect(await change.catch((error: Error) => error.message)).to.equal('no room');
    await trail.attempt({ action: 'sign_in.refused', target: null });
    expect(failures).to.have.length(1);
  });

  it('writes nothing where nothing has happened', async () => {
    const nothing = await trail.around(
      async () => null,
      () => null,
    );
    expect([nothing, written]).to.deep.equal([null, []]);
  });
});

describe('the brake on events that strangers cause', () => {
  it('lets the first of a name in a minute through', () => {
    let now = 0;
    const isFirst = onceAMinute(() => new Date(now));
    expect(['a', 'a', 'b', 'a'].map(isFirst)).to.deep.equal([true, false, true, false]);
    now = 59_999;
    expect(isFirst('a')).to.equal(false);
    now = 60_000;
    expect(isFirst('a')).to.equal(true);
    expect(isFirst('a')).to.equal(false);
  });

  it('does not grow with the number of names', () => {
    const isFirst = onceAMinute(() => new Date(0));
    for (let index = 0; index < 30_000; index += 1) isFirst(`name ${index}`);
    expect(isFirst('name 29999')).to.equal(false);
    expect(isFirst('name 0')).to.equal(true);
  });
});
