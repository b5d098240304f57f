import { tinyScale } from "../../src/demo/scale.ts";
import { manyOf } from "./many.ts";
import { testShortRun } from "./short-run.ts";

const small = { ...tinyScale, rasters: [], tiles: 0 };

testShortRun(
  manyOf([
    { name: "30 layers", scale: { ...small, pointLayers: 30, pointsPerLayer: 20 } },
    { name: "2,000 files", scale: { ...small, attachments: 2000, attachmentBytes: { min: 100, max: 2000 } } },
    { name: "a table of 20 MB", scale: { ...small, polygonsPerLayer: 22_000, polygonVertices: 26 } },
  ]),
);
