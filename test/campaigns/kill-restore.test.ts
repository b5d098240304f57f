import { killRestore } from "./kill-restore.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(killRestore);
