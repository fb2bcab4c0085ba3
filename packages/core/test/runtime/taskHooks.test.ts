import { and, nth, on, slow, storageFull, strike, where } from '@weir/testing'
import { to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { operate } from '../../src/job/operate.ts'
import type { Operator, TaskContext } from '../../src/job/Operator.ts'
import type { StreamRecord } from '../../src/job/StreamRecord.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidJob, UnknownTopic } from '../../src/model/errors.ts'
import { rowKey } from '../../src/ports/rows.ts'
import { commitOf } from '../../src/ports/Commit.ts'
import { recordsOf, send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const results = topic('results', { key: utf8, value: utf8 })
const others = topic('others', { key: utf8, value: utf8, partitions: 2 })
const text = new TextDecoder()
const bytesOf = (of: string): Uint8Array => new TextEncoder().encode(of)
const mark = rowKey(2_000, 0, bytesOf('mark'))
const store = { name: 'own', kind: 'key-value', key: utf8, value: utf8 } as never

/** An operator of hooks alone: nothing is passed on. */
const hooked = (
  attach: (context: TaskContext) => {
    readonly next?: (record: StreamRecord<string, string>) => void
    readonly complete?: () => void
  },
): Operator<string, string, string, string> => ({
  kind: 'hooked',
  name: 'hooked',
  stores: [store],
  outputs: [],
  sink: true,
  keyed: false,
  attach: (context) => {
    const { next, complete } = attach(context)
    return operate({ next: (record) => next?.(record), complete: () => complete?.() })
  },
})

describe('a task', () => {
  test('runs a batch without records at the time that an operator asked for, and once', async () => {
    const times: number[] = []
    const world = await openWorld()
    await start(
      world,
      job('j')
        .from(words)
        .pipe(
          hooked((context) => ({
            next: () => {
              context.wakeAt(context.clock.now() + 500)
              context.wakeAt(context.clock.now() + 200)
            },
            complete: () => times.push(context.clock.now()),
          })),
        ),
    )
    await send(world, words, [['k', 'a']])
    await world.clock.advance(1_000)
    expect(times).toEqual([1_000, 1_200])
  })

  test('runs a batch as soon as it can when an operator asks for it from outside', async () => {
    let wake: () => void = () => undefined
    let batches = 0
    const world = await openWorld()
    const op = hooked((context) => {
      wake = context.wake
      return { complete: () => batches++ }
    })
    await start(world, job('j').from(words).pipe(op))
    wake()
    wake()
    await world.clock.settle()
    expect(batches).toBe(1)
  })

  test('sends to a topic by its name, with ids that are kept and not looked at when that is asked for', async () => {
    const world = await openWorld()
    await send(world, others, [['k', 'first']], 1)
    const op = hooked((context) => ({
      next: ({ value }) => {
        const out = context.outputTo('others')
        out.send({ key: 'k', value: `${value}!`, id: 'same', partition: 1, headers: { by: 'job' } })
        out.send({ key: bytesOf('k'), value: bytesOf('kept'), id: 'same', dedup: false, partition: 1, timestamp: 7 })
      },
    }))
    await start(world, job('j').from(words).pipe(op))
    await send(world, words, [['k', 'a']])
    await send(world, words, [['k', 'b']])
    const found = await recordsOf(world, others)
    expect(found.map(({ partition, value, id, timestamp }) => [partition, value, id, timestamp])).toEqual([
      [1, 'first', null, 0],
      [1, 'a!', 'same', 1_000],
      [1, 'kept', 'same', 7],
      [1, 'kept', 'same', 7],
    ])
    expect(found[1]!.headers).toEqual({ by: 'job' })
  })

  test('fails with UnknownTopic when the topic by name is not there', async () => {
    const world = await openWorld()
    const op = hooked((context) => ({ next: () => context.outputTo('nowhere') }))
    const running = await start(world, job('j').from(words).pipe(op))
    await send(world, words, [['k', 'a']])
    expect(await world.failure(running.done)).toBeInstanceOf(UnknownTopic)
  })

  test('starts anew and sees the new row when a row was not as an operator expected it', async () => {
    const seen: Array<string | undefined> = []
    const world = await openWorld()
    const op = hooked((context) => ({
      next: () => {
        const row = context.rows.get(mark)
        seen.push(row && text.decode(row))
        context.expect(mark, row ?? null)
        context.writeRow(mark, bytesOf('mine'))
        if (seen.length === 1)
          void world.weir.storage.commit(commitOf({ rows: [{ key: mark, value: bytesOf('yours') }] }))
      },
    }))
    await start(world, job('j').from(words).pipe(op))
    await send(world, words, [['k', 'a']])
    await world.clock.advance(1_000)
    expect(seen).toEqual([undefined, 'yours'])
    expect(text.decode(world.weir.storage.rows.get(mark))).toBe('mine')
  })

  test('tells an operator when its batch is durable, and says nothing of a batch that is not', async () => {
    const told: string[] = []
    const world = await openWorld([
      strike(
        and(
          on('commit'),
          where(({ commit }) => commit!.positions.length > 0),
          nth(2),
        ),
        storageFull,
      ),
    ])
    const op = hooked((context) => ({
      next: ({ value }) => {
        told.push(`saw ${value}`)
        context.afterCommit(() => told.push(`kept ${value}`))
      },
    }))
    await start(world, job('j').from(words).pipe(op))
    await send(world, words, [['k', 'a']])
    await send(world, words, [['k', 'b']])
    expect(told).toEqual(['saw a', 'kept a', 'saw b'])
    await world.clock.advance(1_000)
    expect(told).toEqual(['saw a', 'kept a', 'saw b', 'saw b', 'kept b'])
  })

  test('commits what moves neither the position nor the time such that what follows stands on it', async () => {
    // three commits are under way: a slow one, one without records that fails, and one that must not go through without it
    const moves = where(({ commit }) => commit!.positions.some(({ from, next }) => next > from))
    const isIdle = where(({ commit }) => commit!.positions.some(({ from, next }) => next === from))
    const world = await openWorld([
      strike(and(on('commit'), moves, nth(1)), slow(100)),
      strike(and(on('commit'), isIdle, nth(1)), storageFull),
    ])
    let wake: () => void = () => undefined
    const rows: string[] = []
    const op = hooked((context) => {
      wake = context.wake
      return {
        complete: () => {
          const row = rows.shift()
          if (row === undefined) return
          context.writeRow(mark, bytesOf(row))
          context.wake()
        },
      }
    })
    await start(world, job('j').from(words).pipe(op), { inFlightCommitsMax: 4 })
    await send(world, words, [['k', 'a']])
    rows.push('one', 'two')
    wake()
    await world.clock.settle()
    expect(rows).toEqual([])
    await world.clock.advance(1_000)
    expect(world.weir.storage.rows.get(mark)).toBeUndefined()
    rows.push('three')
    wake()
    await world.clock.settle()
    expect(text.decode(world.weir.storage.rows.get(mark))).toBe('three')
  })

  test('keeps rows of its own that are walked through in order, and rows that all tasks share', async () => {
    const found: string[] = []
    const op = hooked((context) => {
      const rows = context.taskRows(store)
      for (const [key, value] of rows.entries()) found.push(`${text.decode(key)}=${text.decode(value)}`)
      const shared = context.sharedRowKey(store, bytesOf('s'))
      const row = context.rows.get(shared)
      if (row !== undefined) found.push(`shared ${text.decode(row)}`)
      return {
        next: ({ value }) => {
          rows.put(bytesOf(value), bytesOf(`${value}${value}`))
          context.writeRow(shared, bytesOf(value))
        },
      }
    })
    const world = await openWorld()
    const running = await start(world, job('j').from(words).pipe(op))
    await send(world, words, [
      ['k', 'b'],
      ['k', 'a'],
    ])
    await world.outcome(running.stop())
    await start(world, job('j').from(words).pipe(op))
    expect(found).toEqual(['a=aa', 'b=bb', 'shared a'])
  })

  test('reads no more than work beside the batches takes, and commits its position up to what is unsettled', async () => {
    const seen: number[] = []
    let unsettled = Infinity
    let demand = 1
    let stopped = 0
    let isDone = false
    let wake: () => void = () => undefined
    const op = hooked((context) => {
      wake = context.wake
      context.attend({
        demand: () => demand,
        firstUnsettled: () => unsettled,
        doneBefore: 2,
        isDone: (offset) => offset === 1 && isDone,
        isSettled: () => unsettled === Infinity,
        beforeCommit: () => undefined,
        drain: () => undefined,
        stop: () => stopped++,
      })
      return {
        next: () => {
          const { offset } = context.source()
          seen.push(offset)
          unsettled = Math.min(unsettled, offset)
          demand = 0
        },
      }
    })
    const world = await openWorld()
    const running = await start(world, job('j').from(words).pipe(op))
    for (const value of ['a', 'b', 'c']) await send(world, words, [['k', value]])
    expect(seen).toEqual([0])
    demand = 1
    wake()
    await world.clock.settle()
    expect(seen).toEqual([0, 1])
    expect(world.weir.storage.position('j', 1) + world.weir.storage.position('j', 0)).toBe(0)
    unsettled = 1
    wake()
    await world.clock.settle()
    const ended = running.stop()
    await world.clock.advance(100)
    await world.outcome(ended)
    expect(stopped).toBe(1)
    seen.length = 0
    unsettled = Infinity
    demand = 100
    isDone = true
    await start(world, job('j').from(words).pipe(op))
    expect(seen).toEqual([2])
  })

  test('comes to its end only when work beside the batches is settled', async () => {
    let settled = false
    let wake: () => void = () => undefined
    const op = hooked((context) => {
      wake = context.wake
      context.attend({
        demand: () => 10,
        firstUnsettled: () => Infinity,
        doneBefore: 0,
        isDone: () => false,
        isSettled: () => settled,
        beforeCommit: () => undefined,
        drain: () => undefined,
        stop: () => undefined,
      })
      return {}
    })
    const world = await openWorld()
    await send(world, words, [['k', 'a']])
    const running = await start(world, job('j').from(words).pipe(op), { until: 'end' })
    expect(running.done.isDone).toBe(false)
    settled = true
    wake()
    await world.clock.settle()
    expect(running.done.isDone).toBe(true)
  })

  test('gives the record as it lies in the topic', async () => {
    const seen: unknown[] = []
    const op = hooked((context) => ({
      next: () => {
        const { key, value, offset, id, timestamp, headers, encodedValue } = context.source()
        seen.push([text.decode(key!), text.decode(value!), { offset, id, timestamp, headers, encodedValue }])
      },
    }))
    const world = await openWorld()
    await start(world, job('j').from(words).pipe(op))
    const producer = await world.outcome(world.weir.producer(words))
    await world.outcome(producer.append('k', 'a', { id: 'i1', timestamp: 5, headers: { h: '1' } }))
    expect(seen).toEqual([['k', 'a', { offset: 0, id: 'i1', timestamp: 5, headers: { h: '1' }, encodedValue: 'a' }]])
  })
})

test('an operator that works on records as they lie in the topic must be the first', () => {
  const op = { ...hooked(() => ({})), readsSource: true }
  expect(() => job('j').from(words).pipe(to(results), op).describe()).toThrow(InvalidJob)
  expect(job('j').from(words).pipe(op, to(results)).describe().stages).toHaveLength(1)
})
