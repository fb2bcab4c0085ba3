/**
 * Who may import whom, in one table; the lint rules are generated from it (oxlint.config.ts).
 *
 * A name stands for a folder, what follows are the folders it may import. Nothing else points anywhere.
 */
export const packageLayers: Layers = {
  core: [],
  messaging: ['core'],
  operators: ['core'],
  'sinks-file': ['core'],
  'sinks-postgres': ['core'],
  'sinks-sqlite': ['core'],
  'storage-lmdb': ['core'],
  testing: ['core'],
  workers: ['core'],
}

/** The layers inside packages/core/src. The files beside them sit above all of them. */
export const coreLayers: Layers = {
  model: [],
  codec: ['model'],
  future: ['model'],
  ports: ['model', 'codec', 'future'],
  log: ['model', 'codec', 'future', 'ports'],
  job: ['model', 'codec', 'future', 'ports', 'log'],
  group: ['model', 'codec', 'future', 'ports', 'log'],
  handler: ['model', 'codec', 'future', 'ports', 'log', 'job'],
  runtime: ['model', 'codec', 'future', 'ports', 'log', 'job', 'group', 'handler'],
  doctor: ['model', 'codec', 'future', 'ports', 'log', 'job', 'group', 'handler', 'runtime'],
}

/** The files beside the layers of core, which no layer may import. */
export const coreEntries: readonly string[] = ['doctor.ts', 'index.ts', 'protocol.ts', 'storage.ts']

/** Packages that run anywhere: nothing of Node in them. */
export const withoutNode: readonly string[] = ['core', 'messaging', 'operators']

/** The one package that knows the database. */
export const withLmdb: readonly string[] = ['storage-lmdb']

type Layers = Readonly<Record<string, readonly string[]>>
