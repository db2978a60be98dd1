/** Tells the present moment; injected so that no test sleeps. Where processes must agree, the database's clock decides. */
export type Clock = () => Date;

/** The clock of this machine. */
export const systemClock: Clock = () => new Date();
