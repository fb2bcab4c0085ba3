import type { Mutant } from './Mutant.ts'

const lmdb = 'packages/storage-lmdb/src'
const contract = ['packages/storage-lmdb/test/lmdb.contract.test.ts']
const runs = 'packages/storage-lmdb/test/runs/runs.property.test.ts'
const memory = 'packages/testing/src/internal'
const memoryContract = ['packages/testing/test/memoryStorage.test.ts']

/** In the storages. */
export const storageMutants: ReadonlyArray<Mutant> = [
  {
    name: 'lmdb-rows-before-the-checks',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: '    staged = stageCommit(target.onRecord, commit, batches, crc32)',
    replacement:
      '    target.rows.write(commit.rows, run); staged = stageCommit(target.onRecord, commit, batches, crc32)',
    caughtBy: contract,
  },
  {
    name: 'lmdb-ids-not-stored',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: 'for (const [id, offset] of known) put(target, dedupKey(scope, id), encodeNumber(offset))',
    replacement: 'for (const [id] of known) dedupKey(scope, id)',
    caughtBy: contract,
  },
  {
    name: 'lmdb-id-of-another-scope-found',
    file: `${lmdb}/writer/Records.ts`,
    text: 'this.#data.get(dedupKey(scope, id))',
    replacement: 'this.#data.get(dedupKey(0 * scope, id))',
    caughtBy: contract,
  },
  {
    name: 'lmdb-tail-not-cached-anew',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: '    put(target, tailKey(partition), encodeTail(tail))',
    replacement: '    if (tail.start === 0) put(target, tailKey(partition), encodeTail(tail))',
    caughtBy: contract,
  },
  {
    name: 'lmdb-cache-outlives-other-writers',
    file: `${lmdb}/writer/PartitionCache.ts`,
    text: 'if (!isNext || this.tails.size',
    replacement: 'if (this.tails.size',
    caughtBy: contract,
  },
  {
    name: 'lmdb-cache-kept-after-an-empty-transaction',
    file: `${lmdb}/writer/PartitionCache.ts`,
    text: '    if (hasWritten) this.#transaction = transaction + 1',
    replacement: '    if (hasWritten || transaction > 0) this.#transaction = transaction + 1',
    caughtBy: [
      ...contract,
      'packages/storage-lmdb/test/lmdb.test.ts',
      'packages/storage-lmdb/test/processes.crash.test.ts',
    ],
  },
  {
    name: 'lmdb-producer-not-stored',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: '    put(target, producerKey(partition, producerId), encodeProducerState(state))',
    replacement: '',
    caughtBy: contract,
  },
  {
    name: 'lmdb-offsets-of-a-repeat-lost',
    file: `${lmdb}/producerState.ts`,
    text: 'view.setFloat64(at + 24, offsets?.length ?? -1, true)',
    replacement: 'view.setFloat64(at + 24, -1, true)',
    caughtBy: ['packages/storage-lmdb/test/producerState.property.test.ts'],
  },
  {
    name: 'lmdb-removed-batch-stays',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: 'for (const { partition, baseOffset } of removed) target.data.remove(logKey(partition, baseOffset))',
    replacement: '',
    caughtBy: contract,
  },
  {
    name: 'lmdb-refused-commit-fails-the-others',
    file: `${lmdb}/writer/applyCommit.ts`,
    text: 'if (error instanceof WeirError) return refusalOf(error)',
    replacement: '',
    caughtBy: contract,
  },
  {
    name: 'lmdb-damage-not-seen',
    file: `${lmdb}/LmdbReader.ts`,
    text: 'const isSound = verifyBatch(stored.bytes, crc32)',
    replacement: 'const isSound = verifyBatch(stored.bytes, crc32) || true',
    caughtBy: ['packages/storage-lmdb/test/lmdb.test.ts'],
  },
  {
    name: 'lmdb-time-found-one-batch-late',
    file: `${lmdb}/LmdbReader.ts`,
    text: 'if (batch.runningTimestampMax >= timestamp) {',
    replacement: 'if (batch.runningTimestampMax > timestamp) {',
    caughtBy: contract,
  },
  {
    name: 'lmdb-read-beyond-its-bounds',
    file: `${lmdb}/LmdbReader.ts`,
    text: 'last !== undefined && (records + count > recordsMax ||',
    replacement: 'last !== undefined && (records > recordsMax ||',
    caughtBy: contract,
  },
  {
    name: 'lmdb-rows-one-too-many',
    file: `${lmdb}/LmdbReader.ts`,
    text: '      if (rows.length >= limit) break',
    replacement: '      if (rows.length > limit) break',
    caughtBy: contract,
  },
  {
    name: 'lmdb-long-keys-cut',
    file: `${lmdb}/rowKeys.ts`,
    text: '  if (long) stored.set(createHash',
    replacement: '  if (stored.length < 0) stored.set(createHash',
    caughtBy: [...contract, 'packages/storage-lmdb/test/rowKeys.property.test.ts'],
  },
  {
    name: 'lmdb-change-not-announced',
    file: `${lmdb}/writer/writer.ts`,
    text: '      if (changed) this.#wake.announce(transaction)',
    replacement: '',
    caughtBy: ['packages/storage-lmdb/test/wake.test.ts', 'packages/storage-lmdb/test/processes.crash.test.ts'],
  },
  {
    name: 'lmdb-earliest-run-counts',
    file: `${lmdb}/runs/mergeRuns.ts`,
    text: 'b.run.number - a.run.number',
    replacement: 'a.run.number - b.run.number',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-rows-below-their-run',
    file: `${lmdb}/writer/RowWriter.ts`,
    text: '} else if (this.stored.mayBeInRun(key)) this.#unsaved.set(nameOf(key), { key, value })',
    replacement: '}',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-unsaved-rows-not-seen',
    file: `${lmdb}/writer/RowWriter.ts`,
    text: 'return unsaved === undefined ? this.stored.get(key) : (unsaved.value ?? undefined)',
    replacement: 'return this.stored.get(key)',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-small-runs-are-many',
    file: `${lmdb}/writer/RowWriter.ts`,
    text: 'const open = this.#openRun()',
    replacement: 'const open = undefined as SortedRun | undefined',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-merge-takes-new-runs',
    file: `${lmdb}/writer/RowWriter.ts`,
    text: 'merging: { through, from: key }',
    replacement: 'merging: { through: list.next - 1, from: key }',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-removed-rows-come-back',
    file: `${lmdb}/runs/StoredRows.ts`,
    text: 'if (value !== undefined) return value ?? undefined',
    replacement: 'if (value) return value',
    caughtBy: [runs],
  },
  {
    name: 'lmdb-failed-runs-are-remembered',
    file: `${lmdb}/writer/RowWriter.ts`,
    text: '    this.stored.forget()',
    replacement: '',
    caughtBy: [runs],
  },
  {
    name: 'memory-rows-before-the-checks',
    file: `${memory}/applyCommit.ts`,
    text: '  const staged = stageCommit(onRecord(disk)',
    replacement:
      '  for (const { key, value } of commit.rows) if (value !== null) disk.rows.set(key, value);   const staged = stageCommit(onRecord(disk)',
    caughtBy: memoryContract,
  },
  {
    name: 'memory-positions-of-all-groups',
    file: `${memory}/applyCommit.ts`,
    text: 'disk.positions.get(positionKey(group, partition)) ?? 0',
    replacement: "disk.positions.get(positionKey('', partition)) ?? 0",
    caughtBy: memoryContract,
  },
  {
    name: 'memory-ids-of-removed-records-stay',
    file: `${memory}/applyCommit.ts`,
    text: 'for (const id of forgotten) disk.dedup.get(scope)?.delete(id)',
    replacement: 'for (const id of forgotten) disk.dedup.get(scope)?.get(id)',
    caughtBy: memoryContract,
  },
]
