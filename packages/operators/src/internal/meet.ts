import {
  type Codec,
  float64,
  type Flow,
  type KeyValueStore,
  type MapStore,
  type MapStoreDefinition,
  type Operator,
  pair,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type TimerStore,
} from '@weir/core'
import type { Subscriber } from 'rxjs'
import {
  type Answer,
  answerOf,
  begin,
  end,
  type Message,
  move,
  nowhere,
  type Version,
  versions,
} from './foreignKeyMessages.ts'
import { gate } from './gate.ts'
import { type Held, held } from './held.ts'
import { operateSides } from './operateSides.ts'

/** What the step of a foreign key join needs in which the rows of both tables meet. */
export interface MeetParts<K, V, W, R> {
  readonly name: string
  readonly right: Flow
  /** The result; `null` for none. */
  readonly resultOf: (key: K, value: V, found: W | null) => R | null
  readonly codecs: {
    readonly key: Codec<K>
    readonly left: Codec<V>
    readonly right: Codec<W>
    readonly result: Codec<R>
  }
}

/** A row of the left table, by the key that it refers to and its own. */
type Referring<V> = readonly [when: readonly [timestamp: number, of: Version], value: V]

interface Stores<F, K, V, W> {
  readonly rows: StoreDefinition<F, readonly [timestamp: number, value: W]>
  readonly referring: MapStoreDefinition<F, K, Referring<V>>
  /** Changes of right rows that have not come to all left ones; they are due as of their watermarks. */
  readonly underway: StoreDefinition<F, Held<K>>
}

/** By the foreign key: keeps both tables, and answers to each change of either. */
export const meet = <K, V, F, W, R>(parts: MeetParts<K, V, W, R>): Operator<F, Message<K, V>, K, Answer<R>> => {
  const { name, codecs } = parts
  const stores: Stores<F, K, V, W> = {
    rows: { name: `${name}-right`, kind: 'key-value', value: pair(float64, codecs.right) },
    referring: {
      name: `${name}-referring`,
      kind: 'map',
      subkey: codecs.key,
      value: pair(pair(float64, versions), codecs.left),
    },
    underway: { name: `${name}-underway`, kind: 'timer', value: held(codecs.key) },
  }
  return {
    kind: 'foreignKeyJoin',
    name: `${name}-foreign`,
    stores: [stores.rows, stores.referring, stores.underway] as unknown as ReadonlyArray<
      StoreDefinition<unknown, unknown>
    >,
    outputs: [],
    keyed: true,
    others: [parts.right],
    rekeys: { key: codecs.key as Codec<unknown> },
    revalues: { value: answerOf(codecs.result) as Codec<unknown> },
    attach: (context) => {
      const meeting = new Meeting<K, V, F, W, R>(parts.resultOf, stores, context)
      return operateSides<F, Message<K, V>, W | null, K, Answer<R>>({
        left: (record, out) => meeting.left(record, out),
        right: (record, out) => meeting.right(record, out),
        complete: (out) => meeting.complete(out),
      })
    },
  }
}

/**
 * Both tables in a task. A batch gives as many answers to changes of right rows as it may have records; what is left of them
 * are rows, and the next batches, which read nothing until all are given.
 */
class Meeting<K, V, F, W, R> {
  readonly #context: TaskContext
  readonly #resultOf: (key: K, value: V, found: W | null) => R | null
  readonly #right: KeyValueStore<F, readonly [timestamp: number, value: W]>
  readonly #left: MapStore<F, K, Referring<V>>
  readonly #underway: TimerStore<Held<K>, F>
  /** How many more answers the batch may give. */
  #room: number

  constructor(
    resultOf: (key: K, value: V, found: W | null) => R | null,
    stores: Stores<F, K, V, W>,
    context: TaskContext,
  ) {
    this.#context = context
    this.#resultOf = resultOf
    this.#right = context.keyValueStore(stores.rows)
    this.#left = context.mapStore(stores.referring)
    this.#underway = context.timerStore(stores.underway)
    this.#room = context.batchRecordsMax
    context.attend(
      gate({
        demand: () => (this.#isUnderway ? 0 : Infinity),
        isSettled: () => !this.#isUnderway,
        holdsBackTo: () => this.#underway.earliest(),
      }),
    )
    if (this.#isUnderway) context.wake()
  }

  left(record: StreamRecord<F, Message<K, V>>, out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    const { key: foreign, timestamp, watermark } = record
    const [[version, kind], [key, value]] = record.value
    const of: Version = [version, watermark]
    if (kind === begin) {
      const [at, found] = this.#right.get(foreign) ?? [-Infinity, null]
      const result = this.#resultOf(key, value!, found)
      this.#left.put(foreign, key, [[timestamp, of], value!])
      out.next({ ...record, key, value: [of, result], timestamp: Math.max(timestamp, at) })
      return
    }
    const result = kind === move || value === null ? null : this.#resultOf(key, value, null)
    if (foreign !== (nowhere as unknown)) this.#left.delete(foreign, key)
    if (kind === end) out.next({ ...record, key, value: [of, result] })
  }

  right(record: StreamRecord<F, W | null>, out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    const { key: foreign, timestamp, watermark, headers, window } = record
    const value = record.value ?? null
    if (value === null && this.#right.get(foreign) === undefined) return
    const change = { timestamp, watermark, headers, window }
    const answers: Array<StreamRecord<K, Answer<R>>> = []
    let next: K | undefined
    // all of them, also those that have to wait: what the joiner throws is found out now, while there is a record to blame
    for (const [key, row] of this.#left.range(foreign)) {
      const answer = this.#answer(key, row, value, change)
      if (answers.length < this.#room) answers.push(answer)
      else next ??= key
    }
    if (value === null) this.#right.delete(foreign)
    else this.#right.put(foreign, [timestamp, value])
    for (const answer of answers) out.next(answer)
    this.#room -= answers.length
    if (next !== undefined) this.#underway.set(dueOf(watermark), foreign, { value: next, ...change })
  }

  complete(out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    while (this.#room > 0 && this.#isUnderway) {
      for (const { id, value } of this.#underway.takeDue(Infinity, 1)) this.#goOn(id, value, out)
    }
    this.#room = this.#context.batchRecordsMax
    if (this.#isUnderway) this.#context.wake()
  }

  get #isUnderway(): boolean {
    return this.#underway.earliest() < Infinity
  }

  /** Answers to the left rows from one on, as far as there is room. */
  #goOn(foreign: F, { value: from, ...change }: Held<K>, out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    const [, found] = this.#right.get(foreign) ?? [0, null]
    for (const [key, row] of this.#left.range(foreign, { from })) {
      if (this.#room === 0) return this.#underway.set(dueOf(change.watermark), foreign, { value: key, ...change })
      this.#room--
      out.next(this.#answer(key, row, found, change))
    }
  }

  /** It carries the later time of the two rows. */
  #answer(
    key: K,
    [[at, of], own]: Referring<V>,
    found: W | null,
    { timestamp, ...change }: Omit<Held<K>, 'value'>,
  ): StreamRecord<K, Answer<R>> {
    const result = this.#resultOf(key, own, found)
    return { key, value: [of, result], timestamp: Math.max(timestamp, at), ...change }
  }
}

const dueOf = (watermark: number): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Math.floor(watermark), Number.MAX_SAFE_INTEGER))
