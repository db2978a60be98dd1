import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';

/** Shows a protocol error to a person whose browser can not be sent back to a client. */
export function renderError(ctx: KoaContextWithOIDC, out: ErrorOut): void {
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = `${out.error}: ${out.error_description ?? 'the request could not be answered'}\n`;
}
