import { buildCommand } from "@stricli/core";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `extract`. */
export interface ExtractFlags extends DecryptFlags {
  /** A folder, or `-`. */
  readonly to?: string;
  readonly list: boolean;
  readonly overwrite: boolean;
}

/** `extract ARCHIVE [PATTERN...]` in the command table. */
export const extractCommand = buildCommand({
  loader: lazyCommand<ExtractFlags, [archive: string, ...patterns: string[]]>(() => import("./extract.ts")),
  parameters: {
    flags: {
      ...decryptFlags,
      to: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "folder",
        brief: "Folder that takes the files, made where it is missing; - for a single entry to stdout",
      },
      list: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Only list what can be named, with its size",
      },
      overwrite: { kind: "boolean", default: false, withNegated: false, brief: "Replace files that exist" },
    },
    aliases: commonAliases,
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        parse: text,
        placeholder: "ARCHIVE|PATTERN",
        brief:
          "A file, a folder, a store's URL, - for stdin, or latest; then names of what is wanted, all when left out",
      },
    },
  },
  docs: {
    brief: "Take files and tables out of an archive",
    fullDescription: [
      "ARCHIVE comes first, then PATTERNs: names as --list shows them, * and ? as usual, ** across slashes; a folder stands for all",
      "below it. Only what is needed of the archive is read, and each file is there when its digest is right, or not at all.",
      "",
      "Examples:",
      "  ngwbackup extract --list latest",
      "  ngwbackup extract 20200721-234619.ngwbackup --to found 'file_storage/raster_layer'",
      "  ngwbackup extract s3://backup/20200721-234619.ngwbackup --to - 0123456789abcdef0123456789abcdef > raster.tif",
      "  ngwbackup extract 20200721-234619.ngwbackup --to - table:public.resource | head",
      "  ngwbackup extract 20200721-234619.ngwbackup --to dump toc.dat && pg_restore --schema-only -f - dump",
    ].join("\n"),
  },
});
