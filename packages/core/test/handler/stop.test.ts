import {
  CompletableFuture,
  handle,
  type Handler,
  type HandlerOptions,
  job,
  type RunningJob,
  StorageClosed,
} from '@weir/core'
import { describe, expect, test } from 'vitest'
import { recordsOf, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'
import { openedIn, orders, results } from './support.ts'

const runHandler = async (
  handler: Handler<string, number>,
  options: HandlerOptions<string, number> = {},
): Promise<{ readonly world: World; readonly running: RunningJob }> => {
  const world = await openWorld()
  const step = handle(handler, { outputs: [results], ...options })
  const running = await start(world, job('shop').from(orders).pipe(step), { drainWithinMs: 1_000 })
  return { world, running }
}

/** Runs a handler that knows its own run. */
const runSelf = async (
  handlerOf: (running: () => RunningJob) => Handler<string, number>,
  options: HandlerOptions<string, number>,
): ReturnType<typeof runHandler> => {
  const run: { running?: RunningJob } = {}
  const handled = await runHandler(
    handlerOf(() => run.running!),
    options,
  )
  run.running = handled.running
  return handled
}

const three = [['a', 1], ['b', 2], ['c', 3]] as const // prettier-ignore

const position = ({ weir }: World): number => {
  const { firstPartition } = weir.topics().find(({ name }) => name === 'orders')!
  return weir.storage.position('shop', firstPartition)
}

describe('a run that is stopped', () => {
  test('commits what was handled just before, also when nothing was sent', async () => {
    const open: Array<CompletableFuture<void>> = []
    const { world, running } = await runHandler(() => openedIn(open))
    await send(world, orders, [['a', 1]])
    open[0]!.complete(undefined)
    await world.outcome(running.stop())
    expect(position(world)).toBe(1)
    expect(world.clock.now()).toBe(1_000)
  })

  test('keeps what was handled behind one that is under way, which alone is handled again', async () => {
    const begun: number[] = []
    const never = (value: number): CompletableFuture<void> | undefined => {
      begun.push(value)
      return value === 1 ? new CompletableFuture<void>() : undefined
    }
    const { world, running } = await runHandler(never, { settleWithinMs: 10_000 })
    await send(world, orders, three)
    const stopped = running.stop()
    await world.clock.advance(1_000)
    await world.outcome(stopped)
    await start(world, job('shop').from(orders).pipe(handle(never)))
    expect(begun).toEqual([1, 2, 3, 1])
  })

  test.each(['exactly-once', 'at-least-once', 'at-most-once'] as const)(
    'by a handler, %s, in the batch or after it: that handler ends and is committed, and nothing new begins',
    async (delivery) => {
      for (const stopper of [1, 2]) {
        const begun: number[] = []
        const gates: Array<CompletableFuture<void>> = []
        let stopped: CompletableFuture<void> | undefined
        const { world } = await runSelf(
          (running) => (value, context) => {
            begun.push(value)
            const gate = new CompletableFuture<void>()
            gates.push(gate)
            if (value === stopper) stopped = running().stop()
            return gate.thenApply(() => context.send(results, 'k', value))
          },
          { order: 'none', concurrencyMax: 1, delivery },
        )
        await send(world, orders, three)
        for (let at = 0; at < stopper; at++) {
          gates[at]!.complete(undefined)
          await world.clock.settle()
        }
        await world.outcome(stopped!)
        const done = Array.from({ length: stopper }, (_, index) => index + 1)
        expect(begun).toEqual(done)
        expect((await recordsOf(world, results)).map(({ value }) => value)).toEqual(done)
        expect([position(world), world.clock.now()]).toEqual([stopper, 1_000])
      }
    },
  )

  test('by a handler in the midst of a batch leaves the rest of it to the next run', async () => {
    const begun: number[] = []
    const { world, running: ended } = await runSelf(
      (running) => (value) => {
        begun.push(value)
        if (value === 2) void running().end()
      },
      { order: 'none', priorityOf: () => 0 },
    )
    await send(world, orders, three)
    await world.outcome(ended.done)
    expect([begun, position(world)]).toEqual([[1, 2], 2])
  })

  test('by a handler that returns at once, after another one has ended, commits both', async () => {
    const gate = new CompletableFuture<void>()
    const { world, running: stopped } = await runSelf(
      (running) => (value) => (value === 1 ? gate : void running().stop()),
      {
        order: 'none',
        concurrencyMax: 1,
      },
    )
    await send(world, orders, three)
    gate.complete(undefined)
    await world.outcome(stopped.done)
    expect([position(world), stopped.count('handled')]).toEqual([2, 2])
  })
})

test('a handler within whose call its task fails is told so, and no other one begins', async () => {
  const world = await openWorld()
  const { storage } = world.weir
  const commit = storage.commit.bind(storage)
  const held: Array<CompletableFuture<never>> = []
  const seen: string[] = []
  const step = handle<string, number>(
    (value, context) => {
      seen.push(`${value} begins`)
      if (value === 1) return undefined
      held[0]!.completeExceptionally(new StorageClosed('closed within a handler'))
      context.cancelled.whenComplete(() => seen.push('cancelled'))
      return CompletableFuture.cancellable<void>(() => () => seen.push('stopped'))
    },
    { order: 'none', priorityOf: () => 0 },
  )
  const running = await start(world, job('shop').from(orders).pipe(step))
  storage.commit = (change) => {
    if (change.fence === undefined) return commit(change)
    held.push(new CompletableFuture())
    return held.at(-1)!
  }
  await send(world, orders, [['a', 1]])
  expect(held).toHaveLength(1)
  await send(world, orders, [
    ['a', 2],
    ['a', 3],
  ])
  expect(await world.failure(running.done)).toMatchObject({ message: 'closed within a handler' })
  expect(seen).toEqual(['1 begins', '2 begins', 'cancelled', 'stopped'])
})
