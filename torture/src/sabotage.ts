import { pathToFileURL } from 'node:url'
import { bundle } from '../../scripts/bundles.ts'

/** A change of the source of one module: the text must be there exactly once. */
interface Patch {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** What the rig must notice when its own processes run on such a copy of the code. */
export const sabotages: Readonly<Record<string, ReadonlyArray<Patch>>> = {
  noSync: [
    {
      file: 'storage-lmdb/src/environment.ts',
      from: 'overlappingSync: false,',
      to: 'overlappingSync: false, noSync: true,',
    },
  ],
  skippedEpochCheck: [{ file: 'core/src/ports/stageCommit.ts', from: 'if (found !== epoch) {', to: 'if (false) {' }],
  positionsApart: [
    {
      file: 'storage-lmdb/src/LmdbStorage.ts',
      from: 'return this.#writer.commit(commit)',
      to: `if (commit.positions.length === 0) return this.#writer.commit(commit)
    const before = this.apart ?? CompletableFuture.completed(undefined)
    const both = before.handle(() => undefined).thenCompose(() =>
      this.#writer.commit({ ...commit, positions: [], rows: [] }).thenCompose((first) =>
        this.#writer.commit({ ...commit, append: [] }).thenApply(() => first)))
    this.apart = both
    return both`,
    },
  ],
  // done by the shim: a disk that says that it has synced, and has not
  droppedSync: [],
  withoutGate: [
    { file: 'storage-lmdb/src/environment.ts', from: 'overlappingSync: false,', to: 'overlappingSync: true,' },
    {
      file: 'storage-lmdb/src/environment.ts',
      from: '    override transactionSync<A>(action: () => A): A {\n',
      to: '    override transactionSync<A>(action: () => A): A {\n      if (path.includes(gateFileName)) return action()\n',
    },
  ],
}

/** The source with the patches of a sabotage applied. @throws when one no longer fits, so that no sabotage is without effect */
export const patched = (sabotage: string, url: string, source: string): string => {
  const patches = sabotages[sabotage]
  if (patches === undefined) throw new Error(`no sabotage '${sabotage}'`)
  return patches
    .filter(({ file }) => url.endsWith(file))
    .reduce((text, { file, from, to }) => {
      if (text.split(from).length !== 2) throw new Error(`sabotage '${sabotage}' does not fit ${file}`)
      return text.replace(from, () => to)
    }, source)
}

/** A sabotaged copy of the code. */
export interface Sabotage {
  readonly name: string
  /** With this Node loads it. */
  readonly nodeOption: string
}

/** Bundles the code with the patches of a sabotage. @throws when they no longer fit */
export const sabotaged = async (name: string): Promise<Sabotage> => {
  const transform = (source: string, path: string): string => patched(name, pathToFileURL(path).href, source)
  return { name, nodeOption: await bundle([{ name, transform }]) }
}
