import { killBackup } from "./kill-backup.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(killBackup);
