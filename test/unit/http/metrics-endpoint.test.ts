import { once } from 'node:events';
import { expect } from 'chai';
import Koa from 'koa';
import type { Verification, VerificationQuestion } from '../../../src/core/verification.ts';
import { openMetrics } from '../../../src/http/metrics.ts';
import { metricsEndpoint } from '../../../src/http/metrics-endpoint.ts';

const REFUSED: Verification = {
  allowed: false,
  reason: 'missing',
  principal: null,
  missing: [],
  rateLimit: null,
  sunset: null,
};

/** Asks the endpoint, whose verifier refuses everything; gives the answer and the questions it was asked. */
async function askMetrics(
  openToAll: boolean,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; questions: readonly VerificationQuestion[] }> {
  const questions: VerificationQuestion[] = [];
  const verify = async (question: VerificationQuestion): Promise<Verification> => {
    questions.push(question);
    return REFUSED;
  };
  const app = new Koa();
  app.use(metricsEndpoint({ metrics: openMetrics(), verify, openToAll }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const answer = await fetch(`http://127.0.0.1:${address.port}${path}`, { headers });
    return { status: answer.status, text: await answer.text(), questions };
  } finally {
    server.close();
  }
}

describe('/metrics', () => {
  it('needs admin:metrics where the issuer is not loopback, and shows nothing otherwise', async () => {
    const { status, text, questions } = await askMetrics(false, '/metrics', { Authorization: 'Bearer x' });
    expect(status).to.equal(401);
    expect(text).to.not.include('process_cpu');
    expect(questions[0]).to.deep.include({
      credential: 'x',
      requirement: { scopes: ['admin:metrics'], any: false },
      audience: null,
    });
    expect((await askMetrics(false, '/metrics')).questions[0]?.credential).to.equal(null);
  });

  it('refuses a credential in the URL', async () => {
    expect((await askMetrics(false, '/metrics?access_token=x')).status).to.equal(400);
  });

  it('is open where the issuer is loopback', async () => {
    const { status, text, questions } = await askMetrics(true, '/metrics');
    expect(status).to.equal(200);
    expect(text).to.include('process_cpu');
    expect(questions).to.deep.equal([]);
  });
});
