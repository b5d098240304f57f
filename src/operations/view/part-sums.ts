import { createHash } from "node:crypto";

/** A part of an archive, as people think of it. Sizes in bytes; null for what an archive does not say. */
export interface ArchivePart {
  /** `layer`: the tables of a vector layer; `table`; `large-objects`, all of them; `files`: blobs of a component. */
  kind: "layer" | "table" | "large-objects" | "files";
  /** In the application, where it has one, else as `what`. */
  name: string;
  /** `schema.table` (of a layer the one with its features), or the component. */
  what: string;
  rows: number | null;
  files: number | null;
  plainBytes: number;
  /** In this archive itself. */
  storedBytes: number;
  /** By which its contents can be told from others; empty where there is none. */
  digests: readonly PartDigest[];
}

/** A digest of contents, which only another one of the same make can be held against. A piece has one of each kind at most. */
export interface PartDigest {
  kind: "frames" | "stored";
  make: string;
  value: string;
}

/** Something that counts towards a part. */
export interface PartPiece {
  rows?: number | undefined;
  plainBytes: number;
  storedBytes: number;
  digests?: readonly PartDigest[];
}

const layerTable = /^layer_([0-9a-f]{32})(?:_[a-z]{1,3})?$/;

interface Sum {
  part: ArchivePart;
  /** Of its pieces. */
  digests: (readonly PartDigest[])[];
}

/** Adds up the parts of an archive; as many are held as it has tables. */
export class PartSums {
  readonly #sums = new Map<string, Sum>();

  /** A table's rows. Versions and history of a layer belong to it, and count as bytes, not as rows. */
  addTable(schema: string, name: string, piece: PartPiece): void {
    const uuid = schema === "vector_layer" ? layerTable.exec(name)?.[1] : undefined;
    if (uuid === undefined) this.#add("table", `${schema}.${name}`, piece);
    else {
      const table = `layer_${uuid}`;
      this.#add("layer", `vector_layer.${table}`, name === table ? piece : { ...piece, rows: undefined });
    }
  }

  /** A large object. */
  addLargeObject(piece: PartPiece): void {
    this.#add("large-objects", "large objects", piece);
  }

  /** A file of a component. */
  addFile(component: string, piece: PartPiece): void {
    const { part } = this.#add("files", component, piece);
    part.files = (part.files ?? 0) + 1;
  }

  /** @param names of layers by the digits in their tables' names @returns largest first */
  parts(names: ReadonlyMap<string, string>): ArchivePart[] {
    return [...this.#sums.values()]
      .map(({ part, digests }) => ({
        ...part,
        name: (part.kind === "layer" ? names.get(part.what.slice(-32)) : undefined) ?? part.what,
        digests: [...combined(digests, "frames"), ...combined(digests, "stored")],
      }))
      .toSorted((a, b) => b.plainBytes - a.plainBytes || a.what.localeCompare(b.what));
  }

  #add(kind: ArchivePart["kind"], what: string, { rows, plainBytes, storedBytes, digests = [] }: PartPiece): Sum {
    const key = `${kind} ${what}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      const part: ArchivePart = {
        kind,
        name: what,
        what,
        rows: null,
        files: null,
        plainBytes: 0,
        storedBytes: 0,
        digests: [],
      };
      sum = { part, digests: [] };
      this.#sums.set(key, sum);
    }
    const { part } = sum;
    if (rows !== undefined) part.rows = (part.rows ?? 0) + rows;
    part.plainBytes += plainBytes;
    part.storedBytes += storedBytes;
    // Files are told apart by their names, and may be a million.
    if (kind !== "files") sum.digests.push(digests);
    return sum;
  }
}

/** One digest over those of one kind of all pieces; none where a piece has none. */
function combined(pieces: readonly (readonly PartDigest[])[], kind: PartDigest["kind"]): PartDigest[] {
  const all = pieces.map((digests) => digests.find((digest) => digest.kind === kind));
  const found = all.filter((digest) => digest !== undefined);
  if (found.length === 0 || found.length < all.length) return [];
  const digestOf = (texts: readonly string[]): string =>
    createHash("sha256").update(texts.toSorted().join("\n")).digest("hex");
  return [
    {
      kind,
      make: digestOf(found.map(({ make }) => make)),
      value: digestOf(found.map(({ value }) => value)),
    },
  ];
}
