import { hostile } from "./hostile.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(hostile);
