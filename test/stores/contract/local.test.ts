import { describeStoreContract } from "./store-contract.ts";
import { localWorld } from "./worlds/local-world.ts";

describeStoreContract("a local folder", localWorld);
