import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createS3Store } from "../../../src/stores/s3/s3-store.ts";
import { settingsFor } from "../../fixtures/s3/s3-server.ts";
import { madeUpBytes, never } from "../contract/contents.ts";
import { quickPatience } from "../contract/worlds/s3-world.ts";

const kib = 1024;

test("a part that is larger than those before waits until these have left memory for it", async () => {
  const held: ServerResponse[] = [];
  const server = createServer((request, answer) => {
    request.resume();
    request.once("end", () => {
      const { method = "", url = "" } = request;
      if (method === "PUT" && url.includes("partNumber=")) held.push(answer.setHeader("etag", '"part"'));
      else if (method === "HEAD") answer.writeHead(404).end();
      else if (method === "POST" && url.includes("uploads"))
        answer.end("<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>");
      else if (method === "GET") answer.end("<ListBucketResult></ListBucketResult>");
      else answer.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const keys = { accessKeyId: "an-id", secretAccessKey: "a-secret", leastPartBytes: 1 };
  const settings = settingsFor({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...keys });
  const surroundings = { env: {}, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
  const parts = {
    steps: [
      { parts: 8, sizeBytes: 8 * kib },
      { parts: 100, sizeBytes: 16 * kib },
    ],
    memoryBytes: 16 * kib,
    budgetBytes: 80 * kib,
  };
  const store = createS3Store("s3://bucket/prefix", settings, surroundings, { patience: quickPatience, parts });
  onTestFinished(() => store.close());
  const sink = await store.create("a", { overwrite: true, signal: never });
  let isWritten = false;
  const writing = sink.write(madeUpBytes(64 * kib)).then(() => (isWritten = true));
  while (held.length < 8) await sleep(5);
  await sleep(50);
  expect(isWritten).toBe(false);
  for (const answer of held.splice(0)) answer.end();
  await writing;
  await sink.abort();
});
