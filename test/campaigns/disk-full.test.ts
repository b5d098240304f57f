import { diskFull } from "./disk-full.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(diskFull);
