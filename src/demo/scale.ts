/** How much a made-up instance holds. Numbers may be anything from 0 upwards. */
export interface Scale {
  /** Layers of points with seven fields of every type, and rows in each. */
  pointLayers: number;
  pointsPerLayer: number;
  /** Layers of polygons, and rows in each. */
  polygonLayers: number;
  polygonsPerLayer: number;
  /** Vertices of a polygon. */
  polygonVertices: number;
  /** Layers without rows: for questions of number, not size. */
  emptyLayers: number;
  /** Files attached to features of the first layer. */
  attachments: number;
  /** Sizes of attachments are spread evenly from the one to the other. */
  attachmentBytes: { min: number; max: number };
  /** Every so many attachments one that compresses well; 0: none does, like photographs. */
  compressibleAttachmentEvery: number;
  /** One raster each: compressible like an elevation model, or not at all like a JPEG or a deflated GeoTIFF. */
  rasters: readonly { sizeBytes: number; compressible: boolean }[];
  /** Cached tiles, which backups leave out. */
  tiles: number;
}

const mebibyte = 1024 * 1024;

/** Made in well under a second: for tests. */
export const tinyScale: Scale = {
  pointLayers: 2,
  pointsPerLayer: 120,
  polygonLayers: 1,
  polygonsPerLayer: 40,
  polygonVertices: 12,
  emptyLayers: 1,
  attachments: 9,
  attachmentBytes: { min: 1500, max: 4500 },
  compressibleAttachmentEvery: 3,
  rasters: [
    { sizeBytes: 300_000, compressible: true },
    { sizeBytes: 200_000, compressible: false },
  ],
  tiles: 20,
};

/** About 150 MB, made in a few seconds: for the demo. */
export const demoScale: Scale = {
  pointLayers: 3,
  pointsPerLayer: 60_000,
  polygonLayers: 2,
  polygonsPerLayer: 15_000,
  polygonVertices: 24,
  emptyLayers: 2,
  attachments: 150,
  attachmentBytes: { min: 50_000, max: 150_000 },
  compressibleAttachmentEvery: 3,
  rasters: [
    { sizeBytes: 32 * mebibyte, compressible: true },
    { sizeBytes: 24 * mebibyte, compressible: false },
    { sizeBytes: 8 * mebibyte, compressible: false },
  ],
  tiles: 500,
};
