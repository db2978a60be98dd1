import { expect } from 'chai';
import { DependencyDown } from '../../../src/core/errors.ts';
import { openLog } from '../../../src/http/log.ts';

function logged(details: object): Record<string, unknown> {
  let text = '';
  openLog('trace', {
    write: (line) => {
      text += line;
    },
  }).info(details, 'message');
  return JSON.parse(text) as Record<string, unknown>;
}

describe('the log', () => {
  it('removes what is called like a secret, down to the third level', () => {
    const secret = {
      password: 's3cret',
      token: 's3cret',
      client_secret: 's3cret',
      authorization: 's3cret',
      code: 's3cret',
    };
    const line = logged({ ...secret, request: secret, request2: { headers: secret } });
    expect(JSON.stringify(line)).to.not.include('s3cret');
    expect(line.password).to.equal('[removed]');
  });

  it('says what failed, with its name, its code, its detail and its causes', () => {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    const { error } = logged({ error: new DependencyDown('database', cause) }) as { error: Record<string, unknown> };
    expect(error).to.include({ name: 'DependencyDown', detail: 'database does not answer' });
    expect(error.cause).to.include({ message: 'connection refused', error_code: 'ECONNREFUSED' });
    expect(error.stack).to.be.a('string');
  });

  it('leaves out what libraries hang on their errors: bodies, bindings, rows', () => {
    const error = Object.assign(new Error('it failed'), {
      body: 's3cret',
      bindings: ['s3cret'],
      parameters: ['s3cret'],
      detail: 'Key (email)=(s3cret) already exists.',
    });
    error.name = 'error';
    expect(JSON.stringify(logged({ error }))).to.not.include('s3cret');
  });

  it('writes one line of JSON with an ISO time in UTC and the name of the level', () => {
    const line = logged({ request_id: 'r' });
    expect(line).to.include({ level: 'info', msg: 'message', request_id: 'r' });
    expect(line.time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(line).to.not.have.any.keys('pid', 'hostname');
  });
});
