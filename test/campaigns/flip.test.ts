import { flip } from "./flip.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(flip);
