import { remoteTypes } from "../../fixtures/rclone.ts";
import { describeStoreContract } from "./store-contract.ts";
import { rcloneWorld } from "./worlds/rclone-world.ts";

// A minute each, most of it starts of rclone; all of them with NGWBACKUP_TEST_REMOTES=all.
const types = process.env["NGWBACKUP_TEST_REMOTES"] === "all" ? remoteTypes : (["sftp"] as const);
for (const type of types) describeStoreContract(`rclone ${type}`, () => rcloneWorld(type));
