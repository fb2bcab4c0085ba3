import {
  type AnyOperator,
  type Codec,
  float64,
  type Flow,
  flowOf,
  int,
  type JobFlow,
  type KeyValueStore,
  type MapStore,
  type MapStoreDefinition,
  msgpack,
  nullable,
  type Operator,
  operate,
  pair,
  type StoreDefinition,
  type StreamRecord,
  type Topic,
  utf8,
} from '@weir/core'
import { requireKnown } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type { ForeignKeyJoinOptions } from '../joinForeignKey.ts'
import { Agenda, agendaStore } from './Agenda.ts'
import { compareKeys } from './compareKeys.ts'
import { operateSides } from './operateSides.ts'
import type { AnyJoiner } from './streamJoin.ts'

/** What a join of a table with another one, by a key within its values, needs. */
interface ForeignKeyJoinParts<K, V, F, W, R> {
  readonly kind: string
  readonly name: string
  readonly right: Topic<F, W> | JobFlow<F, W>
  readonly foreignKeyOf: (value: V, key: K) => F | null
  readonly joiner: AnyJoiner<K, R>
  readonly isLeft: boolean
}

/**
 * What a row of the left table says to the right one. `begin`: it refers to the row of this key from now on. `move`: no more, and it has
 * told another one. `end`: no more, and to nothing else; the answer is its result without another side, or that it has none.
 */
type Message<K, V> = readonly [kind: 'begin' | 'move' | 'end', key: K, version: number, value: V | null]

/** The result of a row of the left table in one of its versions; `null` for none. */
type Answer<R> = readonly [version: number, result: R | null]

/**
 * A join by foreign key, in three steps, as KIP-213 has it: rows of the left table tell the right one what they refer to;
 * there they are kept by that key, and each change of either side makes an answer; answers come back to the left key. They
 * come from several tasks in any order: of two the one to the later version of the left row counts.
 */
export const foreignKeyJoin = <K, V, F, W, R>(
  parts: ForeignKeyJoinParts<K, V, F, W, R>,
  options: ForeignKeyJoinOptions<K, W, R>,
): Operator<K, V | null, K, R | null> => {
  const { kind, name } = parts
  requireKnown(`${kind} '${name}'`, options, ['key', 'values', 'codec'])
  const flow = flowOf(parts.right)
  const steps: ReadonlyArray<AnyOperator> = [
    refer(parts, orNowhere(keyCodecOf(flow)), options.key ?? (utf8 as unknown as Codec<K>)),
    meet(parts, flow, options),
    settle(name, options),
  ]
  return { kind, name, stores: [], outputs: [], keyed: true, steps, attach: () => (records) => records as never }
}

/** The first step: what each row of the left table refers to, by its key. */
const refer = <K, V, F, W, R>(
  { name, foreignKeyOf, isLeft }: ForeignKeyJoinParts<K, V, F, W, R>,
  foreign: Codec<unknown>,
  keyCodec: Codec<K>,
): Operator<K, V | null, F | Nowhere, Message<K, V>> => {
  const references: StoreDefinition<K, readonly F[]> = { name: `${name}-left`, kind: 'key-value', value: msgpack() }
  const versions: StoreDefinition<string, number> = {
    name: `${name}-version`,
    kind: 'key-value',
    key: utf8,
    value: int,
  }
  return {
    kind: 'foreignKey',
    name: `${name}-left`,
    stores: [references, versions] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: [],
    keyed: true,
    takesKey: keyCodec as Codec<unknown>,
    rekeys: { key: foreign },
    revalues: {},
    attach: (context) => {
      const known = context.keyValueStore(references)
      const last = context.keyValueStore(versions)
      return operate({
        next: (record, out) => {
          const { key } = record
          const value = record.value ?? null
          const to = value === null ? null : (foreignKeyOf(value, key) ?? null)
          const before = known.get(key)
          if (value === null && before === undefined) return
          const version = (last.get('') ?? 0) + 1
          last.put('', version)
          if (value === null) known.delete(key)
          else known.put(key, to === null ? [] : [to])
          const [from] = before ?? []
          const send = (place: F | Nowhere, what: Message<K, V>[0]): void =>
            out.next({ ...record, key: place, value: [what, key, version, value], encodedValue: undefined })
          if (to !== null) {
            send(to, 'begin')
            if (from !== undefined && compareKeys(from, to) !== 0) send(from, 'move')
          } else if (from !== undefined || isLeft) send(from === undefined ? nowhere : from, 'end')
        },
      })
    },
  }
}

/** The second step: by the foreign key, where the rows meet. */
const meet = <K, V, F, W, R>(
  { name, joiner, isLeft }: ForeignKeyJoinParts<K, V, F, W, R>,
  flow: Flow,
  { key: keyCodec = utf8 as unknown as Codec<K>, values = msgpack() }: ForeignKeyJoinOptions<K, W, R>,
): Operator<F, Message<K, V>, K, Answer<R>> => {
  const rows: StoreDefinition<F, readonly [number, W]> = {
    name: `${name}-right`,
    kind: 'key-value',
    value: pair(float64, values as Codec<W>),
  }
  const referring: MapStoreDefinition<F, K, Referring<V>> = {
    name: `${name}-referring`,
    kind: 'map',
    subkey: msgpack<K>(),
    value: msgpack(),
  }
  return {
    kind: 'foreignKeyJoin',
    name: `${name}-foreign`,
    stores: [rows, referring] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: [],
    keyed: true,
    others: [flow],
    rekeys: { key: keyCodec as Codec<unknown> },
    revalues: {},
    attach: (context) => {
      const meeting = new Meeting(context.keyValueStore(rows), context.mapStore(referring), (key, value, found) =>
        found === null && !isLeft ? null : joiner(value, found, key),
      )
      return operateSides<F, Message<K, V>, W | null, K, Answer<R>>({
        left: (record, out) => meeting.left(record, out),
        right: (record, out) => meeting.right(record, out),
      })
    },
  }
}

/** A row of the left table, by the key that it refers to and its own. */
type Referring<V> = readonly [version: number, value: V, timestamp: number]

/** Both tables in a task, by the foreign key. */
class Meeting<K, V, F, W, R> {
  readonly #right: KeyValueStore<F, readonly [timestamp: number, value: W]>
  readonly #left: MapStore<F, K, Referring<V>>
  readonly #resultOf: (key: K, value: V, found: W | null) => R | null

  constructor(
    right: KeyValueStore<F, readonly [timestamp: number, value: W]>,
    left: MapStore<F, K, Referring<V>>,
    resultOf: (key: K, value: V, found: W | null) => R | null,
  ) {
    this.#right = right
    this.#left = left
    this.#resultOf = resultOf
  }

  left(record: StreamRecord<F, Message<K, V>>, out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    const { key: foreign, timestamp } = record
    const [kind, key, version, value] = record.value
    if (kind === 'begin') {
      const [at, found] = this.#right.get(foreign) ?? [-Infinity, null]
      const result = this.#resultOf(key, value!, found)
      this.#left.put(foreign, key, [version, value!, timestamp])
      out.next(answerOf(record, key, [version, result], at))
      return
    }
    const result = kind === 'move' || value === null ? null : this.#resultOf(key, value, null)
    if (foreign !== (nowhere as unknown)) this.#left.delete(foreign, key)
    if (kind === 'end') out.next(answerOf(record, key, [version, result], -Infinity))
  }

  right(record: StreamRecord<F, W | null>, out: Subscriber<StreamRecord<K, Answer<R>>>): void {
    const { key: foreign, value, timestamp } = record
    const isGone = value === null || value === undefined
    if (isGone && this.#right.get(foreign) === undefined) return
    const answers = [...this.#left.range(foreign)].map(([key, [version, own, at]]) =>
      answerOf(record, key, [version, this.#resultOf(key, own, isGone ? null : value)], at),
    )
    // nothing has changed until here, where user code may have thrown
    if (isGone) this.#right.delete(foreign)
    else this.#right.put(foreign, [timestamp, value])
    for (const answer of answers) out.next(answer)
  }
}

/** It carries the later time of the two rows. */
const answerOf = <K, R>(
  record: StreamRecord<unknown, unknown>,
  key: K,
  value: Answer<R>,
  otherAt: number,
): StreamRecord<K, Answer<R>> => ({
  ...record,
  key,
  value,
  timestamp: Math.max(record.timestamp, otherAt),
  encodedValue: undefined,
})

/** The version of the last answer, whether it had a result, and when it is no more needed that it had none. */
type Settled = readonly [version: number, hasResult: boolean, dueMs: number]

/** The third step: by the left key again, of all answers those to the latest version. */
const settle = <K, W, R>(
  name: string,
  { codec = msgpack<R>() }: ForeignKeyJoinOptions<K, W, R>,
): Operator<K, Answer<R>, K, R | null> => {
  const store: StoreDefinition<K, Settled> = { name, kind: 'key-value', value: msgpack() }
  const pages = agendaStore<K>(name)
  return {
    kind: 'foreignKeyResult',
    name,
    stores: [store, pages] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: [],
    keyed: true,
    revalues: { value: nullable(codec) as Codec<unknown> },
    attach: (context) => {
      const rows = context.keyValueStore(store)
      const dueOf = (row: Settled | undefined): number | undefined => (row === undefined || row[1] ? undefined : row[2])
      const agenda = new Agenda<K>(context.windowStore(pages), pageMs, (key) => dueOf(rows.get(key)))
      const take = (record: StreamRecord<K, Answer<R>>, out: Subscriber<StreamRecord<K, R | null>>): void => {
        const { key, watermark } = record
        const [version, result] = record.value
        const before = rows.get(key)
        if (before !== undefined && version < before[0]) return
        // once event time is beyond it everywhere, no answer to an older version can be on its way
        const after: Settled = [version, result !== null, Math.floor(watermark) + 1]
        rows.put(key, after)
        agenda.move(key, dueOf(before), dueOf(after))
        if (result !== null || before?.[1] === true) out.next({ ...record, value: result, encodedValue: undefined })
      }
      return operate({
        next: take,
        complete: () => {
          const reached = context.watermark()
          for (let due = agenda.next(reached); due !== undefined; due = agenda.next(reached)) {
            rows.delete(due.key)
            agenda.move(due.key, due.dueMs, undefined)
          }
        },
      })
    },
  }
}

const pageMs = 60_000

/** The codec of the keys that a flow ends with. */
const keyCodecOf = ({ source, operators }: Flow): Codec<unknown> => {
  const last = operators.findLast(({ rekeys, through }) => rekeys !== undefined || through !== undefined)
  return last?.rekeys?.key ?? last?.through?.key ?? source.key
}

/** The key of those who refer to nothing: they have to go somewhere to be answered. */
type Nowhere = typeof nowhere
const nowhere = { isNowhere: true } as const
const noBytes = new Uint8Array(0)

/** The same codec, for `nowhere` as well. */
const orNowhere = (codec: Codec<unknown>): Codec<unknown> => ({
  name: codec.name,
  ...(codec.nullable === true ? { nullable: true } : {}),
  encode: (value) => (value === nowhere ? noBytes : codec.encode(value)),
  decode: (bytes) => {
    const decoded = codec.decode(bytes)
    return decoded._tag === 'Left' && bytes.length === 0 ? { _tag: 'Right', right: nowhere } : decoded
  },
})
