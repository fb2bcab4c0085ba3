import type { Mutant } from './Mutant.ts'

const contract = ['packages/testing/test/memoryStorage.test.ts']
const ports = 'packages/core/src/ports'

/** In what every storage does with a commit. */
export const commitMutants: ReadonlyArray<Mutant> = [
  {
    name: 'fence-not-checked',
    file: `${ports}/stageCommit.ts`,
    text: '  if (commit.fence !== undefined) requireEpoch(onRecord, commit.fence)',
    replacement: '',
    caughtBy: contract,
  },
  {
    name: 'fence-accepts-older-epochs',
    file: `${ports}/stageCommit.ts`,
    text: 'if (found !== epoch) {',
    replacement: 'if (found < epoch) {',
    caughtBy: contract,
  },
  {
    name: 'fence-checked-after-expected-rows',
    file: `${ports}/stageCommit.ts`,
    text: '  if (commit.fence !== undefined) requireEpoch(onRecord, commit.fence)',
    replacement:
      '  requireRows(onRecord, commit.expect); if (commit.fence !== undefined) requireEpoch(onRecord, commit.fence)',
    caughtBy: contract,
  },
  {
    name: 'expected-absence-not-checked',
    file: `${ports}/stageCommit.ts`,
    text: 'if (value === null ? present === undefined : present !== undefined && equalBytes(value, present)) return',
    replacement: 'if (value === null || (present !== undefined && equalBytes(value, present))) return',
    caughtBy: contract,
  },
  {
    name: 'expected-value-compared-by-length',
    file: `${ports}/stageCommit.ts`,
    text: 'present !== undefined && equalBytes(value, present)) return',
    replacement: 'present !== undefined && value.length === present.length) return',
    caughtBy: contract,
  },
  {
    name: 'position-not-compared',
    file: `${ports}/stageCommit.ts`,
    text: 'if (found !== from) {',
    replacement: 'if (found > next) {',
    caughtBy: contract,
  },
  {
    name: 'position-of-the-same-commit-not-seen',
    file: `${ports}/stageCommit.ts`,
    text: 'const found = staged.get(name)?.next ?? onRecord.position(group, partition)',
    replacement: 'const found = onRecord.position(group, partition)',
    caughtBy: contract,
  },
  {
    name: 'sequence-not-checked',
    file: `${ports}/AppendStage.ts`,
    text: 'if (sequence === nextSequence) return undefined',
    replacement: 'if (sequence >= nextSequence) return undefined',
    caughtBy: contract,
  },
  {
    name: 'repeated-batch-appended-again',
    file: `${ports}/AppendStage.ts`,
    text: 'if (repeat !== undefined) return repeat',
    replacement: 'if (repeat !== undefined) return undefined',
    caughtBy: contract,
  },
  {
    name: 'one-batch-less-remembered',
    file: `${ports}/AppendStage.ts`,
    text: 'before.answered.slice(1 - batchesRemembered)',
    replacement: 'before.answered.slice(2 - batchesRemembered)',
    caughtBy: contract,
  },
  {
    name: 'older-producer-epoch-accepted',
    file: `${ports}/AppendStage.ts`,
    text: 'if (state.epoch === producerEpoch) return state',
    replacement: 'if (state.epoch >= producerEpoch) return state',
    caughtBy: contract,
  },
  {
    name: 'offset-off-by-one-behind-a-batch',
    file: `${ports}/AppendStage.ts`,
    text: 'this.tails.set(partition, { start, end: end + count,',
    replacement: 'this.tails.set(partition, { start, end: end + count + (count > 1 ? 1 : 0),',
    caughtBy: contract,
  },
  {
    name: 'known-id-of-the-same-commit-not-seen',
    file: `${ports}/AppendStage.ts`,
    text: 'staged.get(id) ?? this.#onRecord.offsetOfId(scope, id)',
    replacement: 'this.#onRecord.offsetOfId(scope, id)',
    caughtBy: contract,
  },
  {
    name: 'id-not-remembered',
    file: `${ports}/AppendStage.ts`,
    text: 'if (known === undefined) staged.set(id, offset)',
    replacement: '',
    caughtBy: contract,
  },
  {
    name: 'running-time-goes-back',
    file: `${ports}/AppendStage.ts`,
    text: 'const runningTimestampMax = Math.max(before, timestampMax)',
    replacement: 'const runningTimestampMax = timestampMax > before ? timestampMax : Math.min(before, timestampMax)',
    caughtBy: contract,
  },
  {
    name: 'capacity-off-by-one',
    file: `${ports}/AppendStage.ts`,
    text: 'if (endMax === undefined || end <= endMax || end === before) return',
    replacement: 'if (endMax === undefined || end <= endMax + 1 || end === before) return',
    caughtBy: contract,
  },
  {
    name: 'trim-removes-a-batch-too-many',
    file: `${ports}/RemovalStage.ts`,
    text: 'const until = Math.min(limit, end)',
    replacement: 'const until = end',
    caughtBy: contract,
  },
  {
    name: 'ids-outlive-their-records',
    file: `${ports}/RemovalStage.ts`,
    text: 'if (this.#onRecord.offsetOfId(scope, id) === offset) this.#add(scope, id)',
    replacement: 'if (this.#onRecord.offsetOfId(scope, id) === offset && index > 0) this.#add(scope, id)',
    caughtBy: contract,
  },
  {
    name: 'replaced-batch-not-compared',
    file: `${ports}/RemovalStage.ts`,
    text: 'baseOffset === next && batchChecksum(stored.bytes) === checksum',
    replacement: 'baseOffset === next',
    caughtBy: contract,
  },
]
