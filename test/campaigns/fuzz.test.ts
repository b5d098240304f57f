import { fuzz } from "./fuzz.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(fuzz);
