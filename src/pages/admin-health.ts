import type { Middleware } from 'koa';
import { adminPage } from './admin-parts.ts';
import { type Health, healthAnswer, healthFindings } from './health-findings.ts';
import type { PageParts } from './page-parts.ts';
import { pastTime } from './times.ts';

/** Builds the page that says how this server is. */
export function adminHealthPage(parts: PageParts): Middleware {
  return adminPage(parts, ['admin:metrics'], async (page) => {
    const health = await page.api(healthAnswer, { method: 'GET', path: '/api/health' });
    const now = new Date();
    page.show(
      'admin-health',
      { title: 'Health', section: 'admin' },
      {
        findings: healthFindings(health, now),
        health,
        started: pastTime(health.started_at, now),
        memory: inWords(health.memory.resident_bytes),
        heap: inWords(health.memory.heap_used_bytes),
        size: health.database.size_bytes === null ? null : inWords(health.database.size_bytes),
        swept: health.sweeper === null ? null : { ...health.sweeper, at: pastTime(health.sweeper.last_run_at, now) },
        key: health.signing_key && { ...health.signing_key, since: pastTime(health.signing_key.active_from, now) },
        pools: poolsOf(health),
      },
    );
  });
}

function poolsOf({ database: { pools } }: Health) {
  return [
    { name: 'Pages and administration', ...pools.main },
    { name: 'Verification', ...pools.verification },
  ];
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Says a number of bytes as people do, in steps of a thousand. */
function inWords(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const shown = bytes / 1000 ** step;
  return `${shown < 10 && step > 0 ? shown.toFixed(1) : Math.round(shown)} ${UNITS[step] ?? 'bytes'}`;
}
