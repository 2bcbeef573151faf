/** The command line can't be understood as a whole: exit code 2. */
export class UsageError extends Error {}
