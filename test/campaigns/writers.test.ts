import { testShortRun } from "./short-run.ts";
import { writers } from "./writers.ts";

testShortRun(writers);
