import { expect } from 'chai';
import { durationInWords, waitInWords } from '../../src/pages/in-words.ts';

describe('lengths of time in words', () => {
  it('are said in the largest unit that fits', () => {
    const said = [1, 60, 300, 3600, 5400, 86_400, 2_592_000].map(durationInWords);
    expect(said).to.deep.equal(['1 second', '1 minute', '5 minutes', '1 hour', '90 minutes', '1 day', '30 days']);
  });

  it('never send anybody back too early', () => {
    const said = [0, 0.2, 59, 60, 61, 700, 5400, 5401, 7201].map(waitInWords);
    expect(said).to.deep.equal([
      '1 second',
      '1 second',
      '59 seconds',
      '1 minute',
      '2 minutes',
      '12 minutes',
      '90 minutes',
      '2 hours',
      '3 hours',
    ]);
  });
});
