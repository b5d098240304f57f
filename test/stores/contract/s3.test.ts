import { moto } from "../../fixtures/s3/moto.ts";
import { describeStoreContract } from "./store-contract.ts";
import { s3World } from "./worlds/s3-world.ts";

describeStoreContract("S3 (moto)", async () => {
  const server = await moto();
  return server === undefined ? undefined : await s3World(server);
});
