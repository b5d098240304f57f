import { increments } from "./increments.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(increments);
