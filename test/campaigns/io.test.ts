import { io } from "./io.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(io);
