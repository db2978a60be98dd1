import { type CommandDefinition, repeated } from '../command-definition.ts';
import { scopesOf } from '../credential-options.ts';
import { CommandFailure, EXIT_CODE } from '../exit-code.ts';
import { readCredential } from '../read-credential.ts';
import { withServer } from '../with-server.ts';

/** `latchkey verify`: what a credential is, what it may do, and why not more. */
export const command: CommandDefinition = {
  group: null,
  name: 'verify',
  summary: 'say what a credential is and what it may do',
  description: `Say in plain words what a credential is, whose it is, what it may do, until when, and which rule removed
what it may not do. Nothing is counted against its rate limit.

The credential comes from standard input, or is asked for unseen. It also works as an argument, where other users of this
machine can see it. Your own credential needs credentials:introspect.`,
  examples: [
    ['latchkey verify - < token.txt', 'explain the credential in a file'],
    ['pbpaste | latchkey verify - --scope posts:write', 'may it write posts?'],
    ['latchkey verify', 'be asked for the credential'],
  ],
  exitCodes: { 0: 'the credential is good, and has every scope asked about', 1: 'it is not, or has not' },
  configure: (command) =>
    command
      .argument('[credential]', '"-" reads standard input', '-')
      .option('--scope <scope>', 'ask about this scope; repeat it for more, all of them are needed', repeated)
      .option('--audience <uri>', 'the resource the credential must be for; the API itself unless said'),
  run: async (invocation) => {
    const asked = scopesOf(invocation.options);
    const credential = await readCredential(invocation);
    const [{ askVerdict }, { isAllowed, verdictInWords }] = await Promise.all([
      import('../verdict.ts'),
      import('../verdict-in-words.ts'),
    ]);
    const audience = invocation.options.text('audience');
    const verdict = await withServer(invocation, (api) => askVerdict(api, credential, { scopes: asked, audience }));
    const allowed = isAllowed(verdict, asked);
    const explanation = verdictInWords(verdict, asked);
    const { vocabulary: _vocabulary, active: _active, ...facts } = verdict;
    invocation.output.result({ allowed, ...facts, explanation: explanation.split('\n') }, () => explanation);
    if (allowed) return;
    const message = asked.length > 0 ? `Not allowed: ${asked.join(' ')}.` : 'The credential is not good.';
    throw new CommandFailure({ exitCode: EXIT_CODE.refused, message });
  },
};
