import { type IndexRecord, decodeIndexRecords, encodeIndexRecord } from "../../../src/archive/index-records.ts";
import { parseManifest } from "../../../src/archive/manifest.ts";
import { splitFileLines, parseIni } from "../../../src/config/ini-parser.ts";
import { DamagedError, RefusedError, UsageError } from "../../../src/errors.ts";
import { sampleHeader } from "../../fixtures/small-archive.ts";
import { chunked } from "../../fixtures/streams.ts";
import type { FuzzTarget } from "./target.ts";

const sha256 = "0123456789abcdef".repeat(4);
const lines = (...values: readonly unknown[]): Buffer =>
  Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));

/** `manifest.jsonl`. */
export const manifestTarget: FuzzTarget = {
  name: "manifest",
  async seeds() {
    const blob = { type: "entry", name: "component/file_storage/00000001", storedBytes: 5, contentBytes: 5, sha256 };
    const table = { ...blob, name: "postgres/4711.dat.zst", storedBytes: 30, contentBytes: 30, codec: "zstd" };
    const frames = [
      [20, 295, 3],
      [10, 5, 0],
    ];
    const end = { type: "end", entries: 2, losses: 1, rows: 3, blobs: 1, plainBytes: 305 };
    return [
      lines(
        sampleHeader,
        { ...blob, codec: "none", plainBytes: 5 },
        { ...table, plainBytes: 300, table: { schema: "s", name: "t" }, rows: 3, frames },
        { type: "loss", kind: "missing", what: "tileset/0123", expected: "1", found: "2" },
        end,
      ),
      lines(
        { ...sampleHeader, migrations: null, instanceId: null, excludedRows: [] },
        { ...end, entries: 0, losses: 0, rows: 0, blobs: 0, plainBytes: 0 },
      ),
    ];
  },
  decode: (input, feeding) => parseManifest("fuzzed", chunked(input, feeding)),
  mayThrow: (error) =>
    error instanceof DamagedError || (error instanceof RefusedError && error.code === "unknown-format"),
  takesChunks: true,
};

/** A component's `$index`. */
export const indexTarget: FuzzTarget = {
  name: "index",
  async seeds() {
    const uuid = "029eab13954c44149c913c64f791cd9b";
    const payload = { component: "feature_attachment", uuid, size: 1234, sha256 };
    const records = [
      encodeIndexRecord({ id: 1, identity: "fileobj", payload }),
      encodeIndexRecord({
        id: 2,
        identity: "font",
        payload: { component: "core", filename: "Roboto.ttf", size: 1, sha256 },
      }),
      `{"id": 3, "identity": "fileobj", "payload": {"component": "tileset", "uuid": "${uuid}"}}\n`,
    ];
    return [Buffer.from(records.join("")), Buffer.from(records[0] ?? "")];
  },
  async decode(input, feeding) {
    const records: IndexRecord[] = [];
    for await (const record of decodeIndexRecords("fuzzed", "$index", chunked(input, feeding))) records.push(record);
    // What was read can be written, and is the same then.
    const written = records.map((record) => encodeIndexRecord(record)).join("");
    const again: IndexRecord[] = [];
    for await (const record of decodeIndexRecords("fuzzed", "$index", chunked(Buffer.from(written))))
      again.push(record);
    if (JSON.stringify(again) !== JSON.stringify(records)) throw new Error("what was read is not what is written");
    return records;
  },
  mayThrow: (error) =>
    error instanceof DamagedError || (error instanceof RefusedError && error.code === "unknown-identity"),
  takesChunks: true,
};

/** The configuration, which is read whole. */
export const iniTarget: FuzzTarget = {
  name: "ini",
  async seeds() {
    const text = [
      "[core]",
      "; a comment",
      "sdir = /srv/data",
      "database.name: ngw",
      "value = one",
      "  two",
      "",
      "  three = 3",
      "[DEFAULT]",
      "here = %(there)s",
      "[file_storage]",
      "path=/srv/files # no comment",
      "empty =",
      "",
    ];
    return [Buffer.from(text.join("\n")), Buffer.from(text.slice(0, 5).join("\r\n"))];
  },
  async decode(input) {
    const { sections, defaults } = parseIni(splitFileLines(input.toString("utf8")), "fuzzed.ini");
    return [...sections, defaults];
  },
  mayThrow: (error) => error instanceof UsageError,
  takesChunks: false,
};
