import type { Mutant } from './Mutant.ts'

const handler = 'packages/core/src/handler'
const group = 'packages/core/src/group'
const log = 'packages/core/src/log'
const tests = 'packages/core/test'
const handlerLaws = ['packages/core/test/handler/laws.property.test.ts']

/** In handlers, groups, producers and streams. */
export const handlerMutants: ReadonlyArray<Mutant> = [
  {
    name: 'redriven-to-the-wrong-partition',
    file: `${handler}/redrive.ts`,
    text: 'return right({ partition: info.firstPartition + partition, info })',
    replacement: 'return right({ partition: info.firstPartition + ((partition + 1) % info.partitions), info })',
    caughtBy: [`${tests}/handler/redrive.test.ts`],
  },
  {
    name: 'redriven-twice',
    file: `${handler}/redrive.ts`,
    text: 'commitOf({ positions, append: fitting.append, trim: fitting.trim })',
    replacement:
      'commitOf({ positions: positions.map((each) => ({ ...each, next: from === 0 ? next - 1 : next })), append: fitting.append, trim: fitting.trim })',
    caughtBy: [`${tests}/handler/redrive.test.ts`],
  },
  {
    name: 'redriven-without-its-id',
    file: `${handler}/redrive.ts`,
    text: 'const id = headers[reservedHeaders.id] ?? null',
    replacement: 'const id = null',
    caughtBy: [`${tests}/handler/redrive.test.ts`],
  },
  {
    name: 'marked-id-not-expected-by-the-commit',
    file: `${handler}/IdempotentRows.ts`,
    text: '        this.#context.expect(key, found)',
    replacement: '',
    caughtBy: [`${tests}/handler/idempotence.test.ts`],
  },
  {
    name: 'marked-id-not-in-the-commit',
    file: `${handler}/IdempotentRows.ts`,
    text: '      this.#context.writeRow(key, change)',
    replacement: '',
    caughtBy: [`${tests}/handler/idempotence.test.ts`],
  },
  {
    name: 'id-on-its-way-not-seen',
    file: `${handler}/IdempotentRows.ts`,
    text: 'this.#written.get(name) ?? this.#context.rows.get(key) ?? null',
    replacement: 'this.#context.rows.get(key) ?? null',
    caughtBy: [`${tests}/handler/idempotence.test.ts`, ...handlerLaws],
  },
  {
    name: 'records-of-a-key-at-once',
    file: `${handler}/Scheduler.ts`,
    text: '        lane.waiting.push(item)',
    replacement: '        this.#offer(item)',
    caughtBy: handlerLaws,
  },
  {
    name: 'records-of-a-key-in-the-opposite-order',
    file: `${handler}/Scheduler.ts`,
    text: '        lane.waiting.push(item)',
    replacement: '        lane.waiting.unshift(item)',
    caughtBy: handlerLaws,
  },
  {
    name: 'lane-stuck-behind-a-settled-record',
    file: `${handler}/Scheduler.ts`,
    text: '    this.#offer(next)',
    replacement: '',
    caughtBy: [`${tests}/handler/Scheduler.test.ts`],
  },
  {
    name: 'one-at-once-too-many',
    file: `${handler}/Scheduler.ts`,
    text: 'if (this.#running >= this.#concurrencyMax) return undefined',
    replacement: 'if (this.#running > this.#concurrencyMax) return undefined',
    caughtBy: [`${tests}/handler/Scheduler.test.ts`],
  },
  {
    name: 'one-attempt-too-many',
    file: `${handler}/retry.ts`,
    text: 'attempt < retry.attemptsMax',
    replacement: 'attempt <= retry.attemptsMax',
    caughtBy: [`${tests}/handler/handle.test.ts`, `${tests}/handler/redrive.test.ts`, ...handlerLaws],
  },
  {
    name: 'record-under-way-taken-for-settled',
    file: `${handler}/Pending.ts`,
    text: 'while (this.#first < window.length && window[this.#first]!.isKept) this.#first++',
    replacement:
      'while (this.#first < window.length && (window[this.#first]!.isKept || this.#first > 0)) this.#first++',
    caughtBy: handlerLaws,
  },
  {
    name: 'settled-out-of-order-forgotten',
    file: `${handler}/Pending.ts`,
    text: 'this.#rows.put(readUpToKey, encodeReadUpTo(first, end, unsettled))',
    replacement: 'this.#rows.put(readUpToKey, encodeReadUpTo(first, first, unsettled))',
    caughtBy: handlerLaws,
  },
  {
    name: 'holes-of-the-run-before-forgotten',
    file: `${handler}/Pending.ts`,
    text: 'for (const offset of this.before.unsettled) if (offset >= position) unsettled.push(offset)',
    replacement: '',
    caughtBy: [`${tests}/handler/Pending.test.ts`],
  },
  {
    name: 'row-of-a-settled-record-stays',
    file: `${handler}/Pending.ts`,
    text: '    this.#rows.put(pendingKey(offset), null)',
    replacement: '    pendingKey(offset)',
    caughtBy: handlerLaws,
  },
  {
    name: 'held-key-goes-on',
    file: `${handler}/KeptRecords.ts`,
    text: 'return lane !== undefined && this.#held.isBehind(stored.key, offset)',
    replacement: 'return false',
    caughtBy: [`${tests}/handler/hold.property.test.ts`],
  },
  {
    name: 'epoch-not-moved-on',
    file: `${group}/Membership.ts`,
    text: 'epoch: epochOf(value ?? undefined) + 1 }',
    replacement: 'epoch: Math.max(1, epochOf(value ?? undefined)) }',
    caughtBy: [`${tests}/runtime/membership.test.ts`, `${tests}/runtime/failures.test.ts`],
  },
  {
    name: 'partition-taken-from-its-owner',
    file: `${group}/Membership.ts`,
    text: 'return owner === 0 || owner === this.id',
    replacement: 'return owner !== undefined',
    caughtBy: [`${tests}/group/Membership.test.ts`],
  },
  {
    name: 'member-removed-within-its-lease',
    file: `${group}/Membership.ts`,
    text: 'nowMs - sighting.atMs > member.leaseMs',
    replacement: 'nowMs - sighting.atMs > member.leaseMs / 4',
    caughtBy: [`${tests}/runtime/membership.test.ts`, `${tests}/group/Group.test.ts`],
  },
  {
    name: 'stopped-member-removes-the-others',
    file: `${group}/Membership.ts`,
    text: 'if (nowMs - this.#lookedAtMs > this.#joining.leaseMs / 2) this.#sightings.clear()',
    replacement: '',
    caughtBy: [`${tests}/group/Membership.test.ts`],
  },
  {
    name: 'sign-of-life-overlooked',
    file: `${group}/Membership.ts`,
    text: '({ heartbeat, key }) => heartbeat === undefined || epochOf(this.#storage.rows.get(key)) === heartbeat,',
    replacement: '() => true,',
    caughtBy: [`${tests}/runtime/membership.test.ts`],
  },
  {
    name: 'partitions-not-balanced',
    file: `${group}/assignment.ts`,
    text: 'if (from.partitions.length - to.partitions.length < 2) continue',
    replacement: 'if (from.partitions.length - to.partitions.length < 3) continue',
    caughtBy: [`${tests}/group/assignment.property.test.ts`],
  },
  {
    name: 'partitions-move-needlessly',
    file: `${group}/assignment.ts`,
    text: 'const isKept = load !== undefined && canTake(load.member, topic)',
    replacement: 'const isKept = load !== undefined && canTake(load.member, topic) && partition > 0',
    caughtBy: [`${tests}/group/assignment.property.test.ts`],
  },
  {
    name: 'producer-lands-out-of-order',
    file: `${log}/PipelinedProducer.ts`,
    text: '      this.#landInOrder()',
    replacement: '      flight.land(); flight.land = () => undefined; this.#landInOrder()',
    caughtBy: [`${tests}/log/Producer.failures.test.ts`],
  },
  {
    name: 'producer-overtakes-a-refused-batch',
    file: `${log}/PipelinedProducer.ts`,
    text: '    this.#writer.sequences.set(this.#acknowledged)',
    replacement: '',
    caughtBy: [`${tests}/log/Producer.failures.test.ts`],
  },
  {
    name: 'unknown-outcome-taken-for-refusal',
    file: `${log}/PipelinedProducer.ts`,
    text: 'if (!isBehind && (isUnknown(error) || this.#unresolved.length > 0)) this.#leaveUnresolved(flight)',
    replacement: 'if (!isBehind && this.#unresolved.length > 0) this.#leaveUnresolved(flight)',
    caughtBy: [`${tests}/log/Producer.failures.test.ts`],
  },
  {
    name: 'stream-reads-a-record-twice',
    file: `${log}/TopicReader.ts`,
    text: 'batch.nextKept(Math.max(0, cursor.position - batch.baseOffset))',
    replacement: 'batch.nextKept(0)',
    caughtBy: [`${tests}/log/TopicStream.property.test.ts`, `${tests}/log/TopicStream.test.ts`],
  },
  {
    name: 'stream-misses-a-change',
    file: `${log}/TopicReader.ts`,
    text: '    if (waiting === undefined) this.#changed = true',
    replacement: '    if (waiting === undefined) this.#changed = false',
    caughtBy: [`${tests}/log/TopicStream.failures.test.ts`],
  },
]
