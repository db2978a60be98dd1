import { errors } from 'oidc-provider';
import { DependencyDown } from '../core/errors.ts';

/** The provider's face of a lost dependency: 503 and `temporarily_unavailable`, never a verdict. */
class TemporarilyUnavailable extends errors.OIDCProviderError {
  constructor(cause: DependencyDown) {
    super(503, 'temporarily_unavailable');
    this.error_description = 'the authorization server can not reach its database; try again in a moment';
    this.error_detail = cause.detail;
    this.expose = true;
  }
}

/** Runs a call to our storage and lets `DependencyDown` reach the client as a 503 instead of a 500. */
export async function sayUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DependencyDown ? new TemporarilyUnavailable(error) : error;
  }
}
