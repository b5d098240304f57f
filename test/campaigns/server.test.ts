import { server } from "./server.ts";
import { testShortRun } from "./short-run.ts";

testShortRun(server);
