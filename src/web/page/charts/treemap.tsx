import { type HierarchyRectangularNode, hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { useId, useMemo, useRef } from "preact/hooks";
import type { ContentPart } from "../../api/archives.ts";
import { formats, words } from "../text/language.ts";
import { useWidth } from "./use-width.ts";

interface Tile {
  name: string;
  kind?: ContentPart["kind"];
  bytes?: number;
  children?: Tile[];
}

const most = 120;
const kinds = ["layer", "table", "files", "large-objects"] as const;

/** Parts of an archive as rectangles, by size and kind. A table of the same has to stand beside it. */
export function Treemap({ parts, onChoose }: { parts: readonly ContentPart[]; onChoose: (name: string) => void }) {
  const text = words.value.archive;
  const format = formats.value;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box).value;
  const height = width < 500 ? 300 : 360;
  const id = useId();
  const tree = useMemo(() => treeOf(parts, (count) => text.others(format.count(count))), [parts, text, format]);
  const tiles = useMemo(() => layOut(tree, width, height), [tree, width, height]);
  return (
    <div class="treemap" ref={box}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-labelledby={`${id}-title ${id}-about`}>
          <title id={`${id}-title`}>{text.treemapTitle}</title>
          <desc id={`${id}-about`}>{text.treemapAbout}</desc>
          {tiles.map((tile, index) => (
            <TileDrawing key={index} tile={tile} onChoose={onChoose} />
          ))}
        </svg>
      )}
      <ul class="legend">
        {kinds
          .filter((kind) => parts.some((part) => part.kind === kind))
          .map((kind) => (
            <li key={kind}>
              <span class={`swatch kind-${kind}`} />
              {text.kinds[kind]}{" "}
              <span class="muted number">
                {format.bytes(parts.reduce((sum, part) => sum + (part.kind === kind ? part.plainBytes : 0), 0))}
              </span>
            </li>
          ))}
      </ul>
    </div>
  );
}

function TileDrawing({ tile, onChoose }: { tile: HierarchyRectangularNode<Tile>; onChoose: (name: string) => void }) {
  const { x0, y0, x1, y1, data, value = 0 } = tile;
  const [tileWidth, tileHeight] = [x1 - x0, y1 - y0];
  const size = formats.value.bytes(value);
  // Some 6.6 pixels a letter at this size.
  const letters = Math.floor((tileWidth - 12) / 6.6);
  const label = data.name.length > letters ? `${data.name.slice(0, Math.max(0, letters - 1))}…` : data.name;
  const hasRoom = letters >= 4 && tileHeight > 22;
  return (
    <g class="tile" onClick={() => onChoose(data.name)}>
      <title>{`${data.name}: ${size}`}</title>
      <rect
        class={`kind-${data.kind}`}
        x={x0}
        y={y0}
        width={tileWidth}
        height={tileHeight}
        rx={Math.min(4, tileWidth / 4)}
      />
      {hasRoom && (
        <text x={x0 + 7} y={y0 + 17}>
          {label}
        </text>
      )}
      {hasRoom && tileHeight > 42 && letters >= 8 && (
        <text class="tile-size" x={x0 + 7} y={y0 + 33}>
          {size}
        </text>
      )}
    </g>
  );
}

/** The largest parts by kind; those that would be specks are one tile. */
function treeOf(parts: readonly ContentPart[], others: (count: number) => string): Tile {
  const bySize = parts.toSorted((a, b) => b.plainBytes - a.plainBytes);
  const [shown, rest] = [bySize.slice(0, most), bySize.slice(most)];
  const children = kinds.map((kind): Tile => {
    const left = rest.filter((part) => part.kind === kind);
    const tiles = shown
      .filter((part) => part.kind === kind)
      .map(({ name, plainBytes }): Tile => ({ name, kind, bytes: plainBytes }));
    if (left.length > 0) {
      tiles.push({ name: others(left.length), kind, bytes: left.reduce((sum, part) => sum + part.plainBytes, 0) });
    }
    return { name: kind, children: tiles };
  });
  return { name: "", children: children.filter((kind) => (kind.children?.length ?? 0) > 0) };
}

function layOut(tree: Tile, width: number, height: number): HierarchyRectangularNode<Tile>[] {
  const root = hierarchy(tree)
    .sum(({ bytes }) => bytes ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const tiles = treemap<Tile>().tile(treemapSquarify.ratio(1.4)).size([width, height]).paddingInner(2).round(true)(
    root,
  );
  return tiles.leaves().filter(({ x0, x1, y0, y1, data }) => x1 > x0 && y1 > y0 && data.kind !== undefined);
}
