import { type RawEntry } from "../../fixtures/raw-zip.ts";
import { type Parts, put, seal } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

const badNames: readonly (readonly [what: string, name: string, says: RegExp])[] = [
  ["parent", "../evil", /a part \.\. in the name/],
  ["parent within", "component/../../evil", /a part \.\. in the name/],
  ["parent at the end", "component/..", /a part \.\. in the name/],
  ["itself", "component/./evil", /a part \. in the name/],
  ["absolute", "/tmp/ngwbackup-evil", /an absolute name/],
  ["two slashes", "//server/share/evil", /an absolute name/],
  ["empty part", "component//evil", /an empty part/],
  ["drive letter", "C:evil", /a drive letter/],
  ["drive letter with a path", "c:/windows/evil", /a drive letter/],
  ["backslash", "..\\..\\evil", /a backslash/],
  ["share", "\\\\server\\share\\evil", /a backslash/],
  ["NUL", "component/file_storage/00000001\0.jpg", /a control character/],
  ["line end", "component/evil\nok", /a control character/],
  ["escape sequence", "component/\u001b[2J\u001b]0;evil\u0007", /a control character/],
  ["C1 control", "component/\u009b2J", /a control character/],
  ["line separator", "component/\u2028evil", /a control character/],
  ["right to left override", "component/\u202egpj.exe", /turns the direction/],
  ["right to left isolate", "component/\u2067evil\u2069", /turns the direction/],
  ["right to left mark", "component/\u200fevil", /turns the direction/],
  ["Arabic letter mark", "component/\u061cevil", /turns the direction/],
  ["empty", "", /an empty name/],
  ["slash", "/", /an empty name|an absolute name/],
  ["64 KiB long", "a".repeat(65_535), /longer than 4096 bytes/],
  ["64 KiB of folders", "a/".repeat(32_767), /longer than 4096 bytes/],
];

const withMore = (parts: Parts, entry: RawEntry): Buffer => {
  parts.more.push(entry);
  return seal(parts);
};

const duplicates: readonly (readonly [what: string, ...names: string[]])[] = [
  ["the same", "postgres/toc.dat"],
  ["another case", "postgres/TOC.dat"],
  ["another case of a folder", "Postgres/toc.dat"],
  ["long s", "po\u017ftgre\u017f/toc.dat"],
  ["a folder of the same name", "postgres/toc.dat/"],
  ["Unicode forms", "more/caf\u00e9", "more/cafe\u0301"],
  ["ligature", "more/o\ufb03ce", "more/OFFICE"],
  ["sharp s", "more/stra\u00dfe", "more/STRASSE"],
  ["Kelvin sign", "more/\u212a", "more/k"],
];

/** Names that leave the folder, mean another thing elsewhere, deceive, or come twice. */
export const nameCases: readonly HostileCase[] = [
  ...badNames.map(([what, name, says]): HostileCase => ({
    name: `name: ${what}`,
    says,
    build: (parts) => withMore(parts, { name, content: "evil" }),
  })),
  ...badNames
    .filter(([, name]) => name !== "" && name !== "/")
    .map(([what, name]): HostileCase => ({
      name: `name that the manifest lists: ${what}`,
      build(parts) {
        put(parts, name, Buffer.from("evil"));
        return seal(parts);
      },
    })),
  ...duplicates.map(([what, ...names]): HostileCase => ({
    name: `duplicate name: ${what}`,
    says: /duplicate entry/,
    build(parts) {
      for (const name of names) parts.more.push({ name, content: name.endsWith("/") ? "" : "evil" });
      return seal(parts);
    },
  })),
  {
    name: "name of 4 KiB outside of what we read",
    exitCodes: [0],
    build(parts) {
      put(parts, `${"a".repeat(200)}/${"b".repeat(3800)}`, Buffer.from("harmless"));
      return seal(parts);
    },
  },
  {
    name: "name that is no UTF-8",
    says: /another encoding/,
    build: (parts) => withMore(parts, { name: Buffer.from([0x61, 0xc3, 0x28]), content: "evil" }),
  },
  {
    name: "name in another encoding, not marked as UTF-8",
    says: /another encoding/,
    build: (parts) => withMore(parts, { name: Buffer.from("ö"), content: "evil", flags: 0 }),
  },
  {
    name: "local header of another name",
    says: /local header of another name/,
    build: (parts) => withMore(parts, { name: "good", localName: "evil", content: "evil" }),
  },
  {
    name: "unknown entry of the database",
    says: /unknown entry/,
    build(parts) {
      put(parts, "postgres/evil.sql", Buffer.from("drop database ngw"));
      return seal(parts);
    },
  },
];
