import { sweepLabs } from "./stale.ts";

/** Run when a process that had labs has ended, however it ended (see lab.ts). */
await sweepLabs();
