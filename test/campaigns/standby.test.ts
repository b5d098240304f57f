import { testShortRun } from "./short-run.ts";
import { standby } from "./standby.ts";

testShortRun(standby);
