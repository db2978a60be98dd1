/** Measures the time of the processor that this process takes for `work`, milliseconds; what else the machine does takes none of it. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
