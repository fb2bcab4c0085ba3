import {
  type AnyOperator,
  type Codec,
  type Flow,
  flowOf,
  int,
  type JobFlow,
  msgpack,
  nullable,
  type Operator,
  operate,
  type RecordCodecs,
  type StoreDefinition,
  type StreamRecord,
  type Topic,
  utf8,
} from '@weir/core'
import { requireCodec, requireFunction, withoutNull } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type { ForeignKeyJoinOptions } from '../joinForeignKey.ts'
import { Agenda, agendaStore } from './Agenda.ts'
import { compareKeys } from './compareKeys.ts'
import {
  type Answer,
  begin,
  end,
  type Message,
  messageOf,
  move,
  type Nowhere,
  nowhere,
  orNowhere,
} from './foreignKeyMessages.ts'
import { gate } from './gate.ts'
import { meet } from './meet.ts'
import { optional } from './optional.ts'
import { namedOperator, requireOptions, requireSides } from './requireOptions.ts'
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
 * A join by foreign key, in three steps, as KIP-213 has it: rows of the left table tell the right one what they refer to;
 * there they are kept by that key, and each change of either side makes an answer; answers come back to the left key. They
 * come from several tasks in any order: of two the one to the later version of the left row counts.
 */
export const foreignKeyJoin = <K, V, F, W, R>(
  parts: ForeignKeyJoinParts<K, V, F, W, R>,
  options: ForeignKeyJoinOptions<V, W, R>,
): Operator<K, V | null, K, R | null> => {
  const { kind, name, joiner, isLeft } = parts
  const what = namedOperator(kind, name)
  const flow = flowOf(parts.right, `${what}: the right table`)
  requireFunction(`${what}: foreignKeyOf`, parts.foreignKeyOf)
  requireFunction(`${what}: joiner`, joiner)
  requireOptions(what, options, ['codecs', 'codec'])
  const { codecs = {}, codec: result = msgpack<R>() } = options
  requireSides(`${what}: codecs`, codecs, requireCodec)
  const resultOf = (key: K, value: V, found: W | null): R | null =>
    found === null && !isLeft ? null : joiner(value, found, key)
  const steps = (arriving: RecordCodecs): ReadonlyArray<AnyOperator> => {
    const key = arriving.key as Codec<K>
    const left = codecs.left ?? (withoutNull(arriving.value) as Codec<V>)
    const right = (codecs.right ?? msgpack<W>()) as Codec<W>
    return [
      refer(parts, keyCodecOf(flow) as Codec<F>, messageOf(key, left)),
      meet<K, V, F, W, R>({ name, right: flow, resultOf, codecs: { key, left, right, result } }),
      settle(name, result),
    ]
  }
  return { kind, name, stores: [], outputs: [], keyed: true, steps, attach: () => (records) => records as never }
}

/** The first step: what each row of the left table refers to, by its key. */
const refer = <K, V, F, W, R>(
  { name, foreignKeyOf, isLeft }: ForeignKeyJoinParts<K, V, F, W, R>,
  foreign: Codec<F>,
  message: Codec<Message<K, V>>,
): Operator<K, V | null, F | Nowhere, Message<K, V>> => {
  const references: StoreDefinition<K, F | null> = { name: `${name}-left`, kind: 'key-value', value: optional(foreign) }
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
    rekeys: { key: orNowhere(foreign) as Codec<unknown> },
    revalues: { value: message as Codec<unknown> },
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
          else known.put(key, to)
          const from = before ?? null
          const send = (place: F | Nowhere, kind: number): void =>
            out.next({
              ...record,
              key: place,
              value: [
                [version, kind],
                [key, value],
              ],
            })
          if (to !== null) {
            send(to, begin)
            if (from !== null && compareKeys(from, to) !== 0) send(from, move)
          } else if (from !== null || isLeft) send(from ?? nowhere, end)
        },
      })
    },
  }
}

/** The version of the last answer, whether it had a result, and when it is no more needed that it had none. */
type Settled = readonly [version: number, hasResult: boolean, dueMs: number]

/** The third step: by the left key again, of all answers those to the latest version. */
const settle = <K, R>(name: string, codec: Codec<R>): Operator<K, Answer<R>, K, R | null> => {
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
        const { key } = record
        const [[version, watermark], result] = record.value
        const before = rows.get(key)
        if (before !== undefined && version < before[0]) return
        // once event time is beyond it everywhere, no answer to an older version can be on its way
        const after: Settled = [version, result !== null, Math.min(Math.floor(watermark) + 1, afterAll)]
        rows.put(key, after)
        agenda.move(key, dueOf(before), dueOf(after))
        if (result !== null || before?.[1] === true) out.next({ ...record, value: result })
      }
      let isAtEnd = false
      context.attend(
        gate({
          demand: () => Infinity,
          isSettled: () => !isAtEnd || agenda.earliest === Infinity,
          atEnd: () => {
            isAtEnd = true
            if (agenda.earliest < Infinity) context.wake()
          },
        }),
      )
      return operate({
        next: take,
        complete: () => {
          const reached = isAtEnd ? afterAll : Math.min(context.watermark(), afterAll - 1)
          let due = agenda.next(reached)
          for (let room = context.batchRecordsMax; due !== undefined && room > 0; room--) {
            rows.delete(due.key)
            agenda.move(due.key, due.dueMs, undefined)
            due = agenda.next(reached)
          }
          if (due !== undefined) context.wake()
        },
      })
    },
  }
}

const pageMs = 60_000

/** Event time that has come to its end goes on by nothing: what is removed then is remembered up to the end of the run. */
const afterAll = Number.MAX_SAFE_INTEGER

/** The codec of the keys that a flow ends with. */
const keyCodecOf = ({ source, operators }: Flow): Codec<unknown> => {
  const last = operators.findLast(({ rekeys, through }) => rekeys !== undefined || through !== undefined)
  return last?.rekeys?.key ?? last?.through?.key ?? source.key
}
