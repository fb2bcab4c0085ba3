import {
  type AnyOperator,
  type BufferStore,
  type BufferStoreDefinition,
  type Codec,
  msgpack,
  type Operator,
  type Output,
  type RecordCodecs,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
} from '@weir/core'
import { withoutNull } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import { operateSides } from './operateSides.ts'
import type { TableJoinParts } from './tableJoin.ts'
import { VersionedTable, type VersionSettings, versionStores, type VersionStores } from './VersionedTable.ts'
import { type Waiting, waitingStore } from './waiting.ts'

/** What a join of a stream with the values that a table has at the records' own times needs. */
export interface TimedTableJoinParts<K, V, W, R> extends TableJoinParts<K, W, R>, VersionSettings {
  readonly waits: Codec<V> | undefined
  readonly late: Topic<K, V> | Topic<K, V | null> | undefined
}

interface Stores<K, V, W> extends VersionStores<K, W> {
  readonly waiting: BufferStoreDefinition<Waiting<V>>
}

/** Looks each record of the stream up in the table as of its own time, once event time has passed that and the grace. */
export const timedTableJoin = <K, V, W, R>(parts: TimedTableJoinParts<K, V, W, R>): Operator<K, V | null, K, R> => {
  const { kind, name } = parts
  const steps = ({ value }: RecordCodecs): ReadonlyArray<AnyOperator> => [
    timedTableJoinOf(parts, parts.waits ?? (withoutNull(value) as Codec<V>)),
  ]
  return { kind, name, stores: [], outputs: [], keyed: true, steps, attach: () => (records) => records as never }
}

const timedTableJoinOf = <K, V, W, R>(
  parts: TimedTableJoinParts<K, V, W, R>,
  waits: Codec<V>,
): Operator<K, V | null, K, R> => {
  const { kind, name, table, values = msgpack<W>(), codec, late, graceMs } = parts
  const pageMs = Math.max(1_000, Math.ceil(graceMs / 64))
  const stores: Stores<K, V, W> = {
    ...versionStores<K, W>(name, values),
    waiting: waitingStore(`${name}-waiting`, waits, pageMs),
  }
  return {
    kind,
    name,
    stores: [stores.versions, stores.agenda, stores.waiting] as unknown as ReadonlyArray<
      StoreDefinition<unknown, unknown>
    >,
    outputs: late === undefined ? [] : [late as unknown as Topic<unknown, unknown>],
    keyed: true,
    others: [table],
    revalues: { value: codec as Codec<unknown> | undefined },
    holdsMs: graceMs,
    attach: (context) => {
      const task = new TimedTableJoin<K, V, W, R>(parts, waits, stores, context)
      return operateSides<K, V | null, W | null, K, R>({
        left: (record, out) => task.left(record, out),
        right: (record) => task.right(record),
        complete: (out) => task.complete(out),
      })
    },
  }
}

/**
 * A record sees the versions that begin at or before its time, and came while event time in their own source was not
 * beyond it by more than the grace. So what it sees depends on the sources alone. It waits until event time has passed its
 * time and the grace everywhere, and so all of those have been read.
 */
class TimedTableJoin<K, V, W, R> {
  readonly #parts: TimedTableJoinParts<K, V, W, R>
  readonly #waits: Codec<V>
  readonly #context: TaskContext
  readonly #waiting: BufferStore<K, Waiting<V>>
  readonly #table: VersionedTable<K, W>
  readonly #late: Output<K, V | null> | undefined
  #settled: number

  constructor(parts: TimedTableJoinParts<K, V, W, R>, waits: Codec<V>, stores: Stores<K, V, W>, context: TaskContext) {
    this.#parts = parts
    this.#waits = waits
    this.#context = context
    this.#waiting = context.bufferStore(stores.waiting)
    this.#table = new VersionedTable(context, stores, parts)
    this.#late = parts.late === undefined ? undefined : context.output(parts.late as Topic<K, V | null>)
    this.#settled = context.watermark()
  }

  left(record: StreamRecord<K, V | null>, out: Subscriber<StreamRecord<K, R>>): void {
    const { key, value, watermark, headers } = record
    if (value === null || value === undefined) return this.#context.count('ignored', 1)
    const at = Math.floor(record.timestamp)
    if (this.#isLate(at, watermark)) {
      this.#late?.send(record)
      return
    }
    const waits = { value, watermark, headers, isMatched: false }
    if (at >= this.#settled - this.#parts.graceMs) this.#waiting.add(key, at, waits)
    else this.#giveOnAccount(key, at, waits, out)
  }

  right({ key, value, timestamp, watermark }: StreamRecord<K, W | null>): void {
    const at = Math.floor(timestamp)
    if (!this.#isLate(at, watermark)) this.#table.put(key, at, watermark, value ?? null)
  }

  complete(out: Subscriber<StreamRecord<K, R>>): void {
    const reached = this.#context.watermark()
    if (reached === -Infinity) return
    for (const { key, timeMs, value } of this.#waiting.takeBefore(reached - this.#parts.graceMs)) {
      this.#giveOnAccount(key, timeMs, value, out)
    }
    this.#table.removeUpTo(reached)
    if (reached > this.#settled) this.#settled = reached
  }

  #isLate(at: number, watermark: number): boolean {
    if (Math.max(watermark, this.#settled) <= at + this.#parts.keepMs) return false
    this.#context.count('late', 1)
    return true
  }

  /** Whether a record has to wait depends on how much of the other side was read. It fails in the same way in both cases. */
  #giveOnAccount(key: K, at: number, waits: Waiting<V>, out: Subscriber<StreamRecord<K, R>>): void {
    const { name: operator } = this.#parts
    const { headers } = waits
    const waited = { operator, key, timestamp: at, headers, value: () => this.#waits.encode(waits.value) }
    this.#context.onAccountOf(waited, () => this.#give(key, at, waits, out))
  }

  #give(key: K, at: number, { value, watermark, headers }: Waiting<V>, out: Subscriber<StreamRecord<K, R>>): void {
    const { joiner, isLeft } = this.#parts
    const found = this.#table.at(key, at)
    if (found === null && !isLeft) return
    out.next({
      key,
      value: joiner(value, found, key),
      timestamp: at,
      // as of its own time, not of the one that has come, in which the windows behind this operator could be over
      watermark: Math.max(watermark, at),
      headers,
      window: undefined,
      stored: undefined,
    })
  }
}
