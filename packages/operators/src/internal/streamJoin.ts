import {
  type BufferEntry,
  type BufferStore,
  type BufferStoreDefinition,
  type Codec,
  flowOf,
  type JobFlow,
  msgpack,
  type Operator,
  type Output,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
} from '@weir/core'
import { requireCodec, requireFunction, requireKnown, requireTopic } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type { JoinOptions } from '../join.ts'
import { joinSettings, type JoinSettings, pageMsOf } from './joinSettings.ts'
import { operateSides } from './operateSides.ts'
import { namedOperator, requireSides } from './requireOptions.ts'
import { type Waiting, waitingStore } from './waiting.ts'

/** Which records are given on that nothing was found for. */
export type JoinKind = 'join' | 'leftJoin' | 'outerJoin'

/** The result of two records, or of one for which there was no other. */
export type AnyJoiner<K, R> = (left: any, right: any, key: K) => R // oxlint-disable-line typescript/no-explicit-any -- of what may be null, the three operators know

/** The operator of a stream-stream join of any kind. */
export const streamJoin = <K, V, W, R>(
  kind: JoinKind,
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: AnyJoiner<K, R>,
  options: JoinOptions<K, V, W, R>,
): Operator<K, V | null, K, R> => {
  const what = namedOperator(kind, name)
  const flow = flowOf(other, `${what}: the other side`)
  requireFunction(`${what}: joiner`, joiner)
  requireKnown(what, options, ['within', 'graceMs', 'late', 'codecs', 'codec'])
  const { late = {}, codecs = {}, codec } = options
  requireSides(`${what}: late`, late, requireTopic)
  requireSides(`${what}: codecs`, codecs, requireCodec)
  if (codec !== undefined) requireCodec(`${what}: codec`, codec)
  const settings = joinSettings(what, options)
  const pageMs = pageMsOf(settings)
  const waits = { left: codecs.left ?? msgpack<V>(), right: (codecs.right ?? msgpack<W>()) as Codec<W> }
  const stores: Stores<V, W> = {
    left: waitingStore(`${name}-left`, waits.left, pageMs),
    right: waitingStore(`${name}-right`, waits.right, pageMs),
  }
  const outputs = [late.left, late.right].filter((each) => each !== undefined)
  return {
    kind,
    name,
    stores: [stores.left, stores.right] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: outputs as unknown as ReadonlyArray<Topic<unknown, unknown>>,
    keyed: true,
    others: [flow],
    revalues: { value: codec as Codec<unknown> | undefined },
    holdsMs: holdsMsOf(kind, settings),
    attach: (context) => {
      const task = new StreamJoin<K, V, W, R>({ name, kind, settings, codecs: waits, stores, late, joiner }, context)
      return operateSides<K, V | null, W, K, R>({
        left: (record, out) => task.left(record, out),
        right: (record, out) => task.right(record, out),
        complete: (out) => task.complete(out),
      })
    },
  }
}

interface Stores<V, W> {
  readonly left: BufferStoreDefinition<Waiting<V>>
  readonly right: BufferStoreDefinition<Waiting<W>>
}

interface StreamJoinParts<K, V, W, R> {
  readonly name: string
  readonly kind: JoinKind
  readonly settings: JoinSettings
  readonly codecs: { readonly left: Codec<V>; readonly right: Codec<W> }
  readonly stores: Stores<V, W>
  readonly late: NonNullable<JoinOptions<K, V, W, R>['late']>
  readonly joiner: AnyJoiner<K, R>
}

/** A record for which nothing was found is given on as of its own time, when its window is over. */
const holdsMsOf = (kind: JoinKind, { beforeMs, afterMs, graceMs }: JoinSettings): number => {
  if (kind === 'join') return 0
  return (kind === 'leftJoin' ? afterMs : Math.max(beforeMs, afterMs)) + graceMs
}

/** One side of a join in a task. */
interface Side<K, A, B, R> {
  readonly isLeft: boolean
  readonly codec: Codec<A>
  readonly store: BufferStore<K, Waiting<A>>
  /** How much earlier, and later, than a record of this side one of the other side may be. */
  readonly beforeMs: number
  readonly afterMs: number
  /** How far event time goes on beyond a record of this side before its window is over. */
  readonly openMs: number
  readonly joined: (own: A, found: B, key: K) => R
  /** The result of a record for which nothing was found; absent when that gives none. */
  readonly alone: ((own: A, key: K) => R) | undefined
  readonly late: Output<K, A | null> | undefined
}

/**
 * Two records are joined when they are near enough, and each came before the window of the other one was over: by how far
 * event time had come in its own source. So it depends on the two records alone what is joined, not on the order in which
 * sources are read. A record is removed when even the source that is furthest behind has passed its window.
 */
class StreamJoin<K, V, W, R> {
  readonly #context: TaskContext
  readonly #name: string
  readonly #left: Side<K, V, W, R>
  readonly #right: Side<K, W, V, R>
  /** How far event time goes on before what nothing can be joined with is forgotten; `Infinity`: to the end of the batch. */
  readonly #forgetMs: number
  #forgetAt: number
  /** The windows that were over by then are: also where a silent source was passed over. */
  #settled: number

  constructor(
    { name, kind, settings, codecs, stores, late, joiner }: StreamJoinParts<K, V, W, R>,
    context: TaskContext,
  ) {
    const { beforeMs, afterMs, graceMs } = settings
    this.#context = context
    this.#name = name
    this.#settled = context.watermark()
    // what is given on when its window is over waits for the end of the batch
    this.#forgetMs = kind === 'join' ? pageMsOf(settings) : Infinity
    this.#forgetAt = kind === 'join' ? this.#settled + this.#forgetMs : Infinity
    this.#left = {
      isLeft: true,
      codec: codecs.left,
      store: context.bufferStore(stores.left),
      beforeMs,
      afterMs,
      openMs: afterMs + graceMs,
      joined: joiner,
      alone: kind === 'join' ? undefined : (own, key) => joiner(own, null, key),
      late: late.left === undefined ? undefined : context.output(late.left as Topic<K, V | null>),
    }
    this.#right = {
      isLeft: false,
      codec: codecs.right,
      store: context.bufferStore(stores.right),
      beforeMs: afterMs,
      afterMs: beforeMs,
      openMs: beforeMs + graceMs,
      joined: (own, found, key) => joiner(found, own, key),
      alone: kind === 'outerJoin' ? (own, key) => joiner(null, own, key) : undefined,
      late: late.right === undefined ? undefined : context.output(late.right as Topic<K, W | null>),
    }
  }

  left(record: StreamRecord<K, V | null>, out: Subscriber<StreamRecord<K, R>>): void {
    this.#add(record, this.#left, this.#right, out)
    if (record.watermark >= this.#forgetAt) this.#forget(out)
  }

  right(record: StreamRecord<K, W | null>, out: Subscriber<StreamRecord<K, R>>): void {
    this.#add(record, this.#right, this.#left, out)
    if (record.watermark >= this.#forgetAt) this.#forget(out)
  }

  /**
   * The less waits, the nearer it is to the processor. To be asked when a record is that far: all sources together are mostly not farther
   * than one of them, and what is not forgotten here is at the end of the batch.
   */
  #forget(out: Subscriber<StreamRecord<K, R>>): void {
    if (this.#context.watermark() >= this.#forgetAt) this.#context.unblamed(() => this.complete(out))
  }

  /** Gives on what is alone for good, and forgets what nothing in time can be joined with. */
  complete(out: Subscriber<StreamRecord<K, R>>): void {
    const reached = this.#context.watermark()
    if (reached === -Infinity) return
    this.#closeUpTo(this.#left, reached, out)
    this.#closeUpTo(this.#right, reached, out)
    if (reached <= this.#settled) return
    this.#settled = reached
    this.#forgetAt = reached + this.#forgetMs
  }

  #closeUpTo<A, B>(side: Side<K, A, B, R>, reached: number, out: Subscriber<StreamRecord<K, R>>): void {
    const { store, openMs, alone } = side
    for (const { key, timeMs, value } of store.takeBefore(reached - openMs)) {
      if (alone === undefined || value.isMatched) continue
      this.#onAccountOf(side, key, timeMs, value, () => out.next(aloneOf(side, alone, key, timeMs, value)))
    }
  }

  #onAccountOf<A, B>(
    { isLeft, codec }: Side<K, A, B, R>,
    key: K,
    timestamp: number,
    { headers, value }: Waiting<A>,
    action: () => void,
  ): void {
    const input = isLeft ? 0 : 1
    const waited = { operator: this.#name, input, key, timestamp, headers, value: () => codec.encode(value) }
    this.#context.onAccountOf(waited, action)
  }

  #add<A, B>(
    record: StreamRecord<K, A | null>,
    own: Side<K, A, B, R>,
    other: Side<K, B, A, R>,
    out: Subscriber<StreamRecord<K, R>>,
  ): void {
    const { key, value, watermark, headers } = record
    if (value === null || value === undefined) return this.#context.count('ignored', 1)
    const at = Math.floor(record.timestamp)
    const passed = watermark > this.#settled ? watermark : this.#settled
    // the window of whatever it could be joined with is over
    if (passed > at + own.afterMs + other.openMs) {
      this.#context.count('late', 1)
      own.late?.send(record)
      return
    }
    const waits = { value, watermark, headers, isMatched: false }
    let matches: Array<BufferEntry<K, Waiting<B>>> | undefined
    let results: Array<StreamRecord<K, R>> | undefined
    for (const entry of other.store.find(key, at - own.beforeMs, at + own.afterMs)) {
      if (watermark > entry.timeMs + other.openMs || entry.value.watermark > at + own.openMs) continue
      results = withItem(results, joinedOf(own, key, waits, at, entry))
      if (other.alone !== undefined) matches = withItem(matches, entry)
    }
    const isOpen = at >= this.#settled - own.openMs
    let lone: StreamRecord<K, R> | undefined
    if (own.alone !== undefined) {
      waits.isMatched = results !== undefined
      // what the joiner throws for it is found out now, and not when its window is over
      if (results === undefined) lone = aloneOf(own, own.alone, key, at, waits)
    }
    // nothing has changed until here, where user code may have thrown
    if (isOpen) own.store.add(key, at, waits)
    // whether it has to wait depends on how much of the other side was read: it fails in the same way in both cases
    else if (lone !== undefined) this.#onAccountOf(own, key, at, waits, () => out.next(lone))
    if (matches !== undefined) for (const entry of matches) match(other, entry)
    if (results !== undefined) for (const result of results) out.next(result)
  }
}

/** Mostly there is one item or none, and an array that is pushed to has room for 17. */
const withItem = <A>(items: A[] | undefined, item: A): A[] => {
  if (items === undefined) return [item]
  items.push(item)
  return items
}

const match = <K, A, B, R>({ store }: Side<K, A, B, R>, entry: BufferEntry<K, Waiting<A>>): void => {
  if (entry.value.isMatched) return
  entry.value.isMatched = true
  store.changed(entry)
}

const joinedOf = <K, A, B, R>(
  { isLeft, joined }: Side<K, A, B, R>,
  key: K,
  { value, watermark, headers }: Waiting<A>,
  at: number,
  { timeMs, value: found }: BufferEntry<K, Waiting<B>>,
): StreamRecord<K, R> => ({
  key,
  value: joined(value, found.value, key),
  timestamp: at > timeMs ? at : timeMs,
  watermark: watermark > found.watermark ? watermark : found.watermark,
  headers: isLeft ? headers : found.headers,
  window: undefined,
  stored: undefined,
})

const aloneOf = <K, A, B, R>(
  { openMs }: Side<K, A, B, R>,
  alone: (own: A, key: K) => R,
  key: K,
  at: number,
  { value, watermark, headers }: Waiting<A>,
): StreamRecord<K, R> => ({
  key,
  value: alone(value, key),
  timestamp: at,
  // as of its own time, not of the one that has come, in which the windows behind this operator could be over
  watermark: watermark > at + openMs ? watermark : at,
  headers,
  window: undefined,
  stored: undefined,
})
