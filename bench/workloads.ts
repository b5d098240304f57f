import type { Scale } from "../src/demo/scale.ts";

/** An instance that contestants back up and restore. */
export interface Workload {
  name: string;
  about: string;
  scale: Scale;
  /** Names of the contestants that run it when none are chosen; all when left out. */
  contestants?: readonly string[];
  /** Tells something about ours alone: no other runs it, not even when chosen. */
  oursOnly?: boolean;
  /** Backed up by ours once beforehand, then one in a hundred of everything is changed. */
  again?: boolean;
  /** The workload that holds ten times as much of the same, for the exponent of our times. */
  tenthOf?: string;
}

const mebibyte = 1024 * 1024;

const empty: Scale = {
  pointLayers: 0,
  pointsPerLayer: 0,
  polygonLayers: 0,
  polygonsPerLayer: 0,
  // With it a polygon takes about as much COPY text as four points: 950 bytes.
  polygonVertices: 26,
  emptyLayers: 0,
  attachments: 0,
  attachmentBytes: { min: 0, max: 0 },
  compressibleAttachmentEvery: 0,
  rasters: [],
  tiles: 0,
};

/** @param size 1: 3 million points, 600,000 polygons, 3,009 blobs of 1.66 GB */
function referenceScale(size: number): Scale {
  return {
    ...empty,
    pointLayers: 6,
    pointsPerLayer: 500_000 * size,
    polygonLayers: 3,
    polygonsPerLayer: 200_000 * size,
    attachments: 3000 * size,
    attachmentBytes: { min: 60_000, max: 400_000 },
    rasters: [...rasters(size, 6, 80 * mebibyte, false), ...rasters(size, 3, 150 * mebibyte, true)],
    tiles: 500,
  };
}

/** Twice the size is twice the number; a part of it is as many smaller ones. */
function rasters(size: number, count: number, sizeBytes: number, compressible: boolean): Scale["rasters"] {
  const raster = { sizeBytes: Math.round(sizeBytes * Math.min(size, 1)), compressible };
  return Array.from({ length: count * Math.max(size, 1) }, () => raster);
}

function layersScale(layers: number): Scale {
  return { ...empty, pointLayers: layers, pointsPerLayer: 20 };
}

function blobsScale(blobs: number): Scale {
  return {
    ...empty,
    pointLayers: 1,
    pointsPerLayer: 1000,
    attachments: blobs,
    attachmentBytes: { min: 1000, max: 20_000 },
  };
}

function oneScale(polygons: number): Scale {
  return { ...empty, polygonLayers: 1, polygonsPerLayer: polygons };
}

/** All workloads at their full size, in the order in which they run. */
export const fullWorkloads: readonly Workload[] = [
  {
    name: "reference",
    about: "3 million points, 600,000 polygons (1.1 GB as COPY text), 3,009 blobs of 1.66 GB",
    scale: referenceScale(1),
  },
  {
    name: "reference-double",
    about: "twice the reference, for our peak memory",
    scale: referenceScale(2),
    oursOnly: true,
  },
  { name: "layers", about: "3,000 vector layers of 20 rows", scale: layersScale(3000) },
  {
    name: "layers-300",
    about: "a tenth of the layers, for the exponent",
    scale: layersScale(300),
    oursOnly: true,
    tenthOf: "layers",
  },
  { name: "blobs", about: "200,000 blobs of 1 to 20 KB", scale: blobsScale(200_000) },
  {
    name: "blobs-20k",
    about: "a tenth of the blobs, for the exponent",
    scale: blobsScale(20_000),
    oursOnly: true,
    tenthOf: "blobs",
  },
  {
    name: "again",
    about: "the reference once more, after one row and one blob in a hundred were changed",
    scale: referenceScale(1),
    oursOnly: true,
    again: true,
  },
  { name: "one", about: "a single table of 2 GB as COPY text", scale: oneScale(2_200_000) },
];

const quickContestants = ["ngwbackup", "nextgisweb-steps", "floor", "pg_dump + tar"];

/** A small version of each, by the most telling contestants, for a look in under two minutes. */
export const quickWorkloads: readonly Workload[] = [
  {
    name: "reference",
    about: "a twentieth of the reference",
    scale: referenceScale(1 / 20),
    contestants: [...quickContestants, "ngwbackup in place"],
  },
  { name: "layers", about: "100 vector layers of 20 rows", scale: layersScale(100), contestants: quickContestants },
  { name: "blobs", about: "5,000 blobs of 1 to 20 KB", scale: blobsScale(5000), contestants: quickContestants },
  {
    name: "again",
    about: "a twentieth of the reference once more, after one in a hundred of everything was changed",
    scale: referenceScale(1 / 20),
    oursOnly: true,
    again: true,
  },
  {
    name: "one",
    about: "a single table of 100 MB as COPY text",
    scale: oneScale(110_000),
    contestants: quickContestants,
  },
];
