import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { Cancelled } from '../../src/model/errors.ts'

const no = new Error('no')
const throwNo = (): never => {
  throw no
}
const failedWith = (error: unknown) => ({ status: 'failed', error })
const completedWith = (value: unknown) => ({ status: 'completed', value })

describe('a future', () => {
  test('is completed once; who comes later changes nothing', () => {
    const future = new CompletableFuture<number>()
    expect(future.state).toEqual({ status: 'pending' })
    expect([future.isDone, future.isCompletedExceptionally, future.isCancelled]).toEqual([false, false, false])
    expect(future.getNow('absent')).toBe('absent')
    expect(future.complete(1)).toBe(true)
    expect([future.complete(2), future.completeExceptionally(no), future.cancel()]).toEqual([false, false, false])
    expect(future.state).toEqual(completedWith(1))
    expect([future.isDone, future.isCompletedExceptionally, future.isCancelled]).toEqual([true, false, false])
    expect(future.getNow('absent')).toBe(1)
  })

  test('fails once, and getNow throws the failure itself', () => {
    const future = new CompletableFuture<number>()
    expect(future.completeExceptionally(no)).toBe(true)
    expect([future.complete(2), future.completeExceptionally(2), future.cancel()]).toEqual([false, false, false])
    expect(future.state).toEqual(failedWith(no))
    expect([future.isDone, future.isCompletedExceptionally, future.isCancelled]).toEqual([true, true, false])
    expect(() => future.getNow(0)).toThrow(no)
  })

  test.for([undefined, null])(
    'a failure with %s becomes an error, so that a failure can be told from a value',
    (reason) => {
      expect(
        CompletableFuture.failed(reason)
          .handle((_, error) => error)
          .getNow(undefined),
      ).toBeInstanceOf(Error)
    },
  )

  test('undefined and null are values like any other', () => {
    expect(CompletableFuture.completed(undefined).state).toEqual(completedWith(undefined))
    expect(
      CompletableFuture.completed(null)
        .thenApply((value) => [value])
        .getNow([]),
    ).toEqual([null])
    expect(CompletableFuture.completed(undefined).exceptionally(() => 1).state).toEqual(completedWith(undefined))
  })

  test('is printed with its state', () => {
    expect(inspect(CompletableFuture.completed({ a: 1 }))).toBe(
      `CompletableFuture { status: 'completed', value: { a: 1 } }`,
    )
  })
})

describe('callbacks on a future that is done', () => {
  test('run at once, and what they give is done too', () => {
    const one = CompletableFuture.completed(1)
    expect(one.thenApply((n) => n + 1).state).toEqual(completedWith(2))
    expect(one.thenCompose((n) => CompletableFuture.completed(n + 1)).state).toEqual(completedWith(2))
    expect(one.thenCombine(CompletableFuture.completed(2), (a, b) => [a, b]).state).toEqual(completedWith([1, 2]))
    expect(one.thenAccept((n) => n).state).toEqual(completedWith(undefined))
    expect(one.thenRun(() => 5).state).toEqual(completedWith(undefined))
    expect(one.handle((value, error) => [value, error]).state).toEqual(completedWith([1, undefined]))
    expect(one.whenComplete(() => 5).state).toEqual(completedWith(1))
    expect(one.exceptionally(throwNo).state).toEqual(completedWith(1))
    expect(one.exceptionallyCompose(throwNo).state).toEqual(completedWith(1))
  })

  test('a failure passes by what is for values, and reaches what is for failures', () => {
    const failed = CompletableFuture.failed<number>(no)
    const unexpected = (): never => expect.unreachable()
    for (const each of [
      failed.thenApply(unexpected),
      failed.thenCompose(unexpected),
      failed.thenCombine(CompletableFuture.completed(1), unexpected),
      CompletableFuture.completed(1).thenCombine(failed, unexpected),
      failed.thenAccept(unexpected),
      failed.thenRun(unexpected),
      failed.whenComplete(() => 1),
    ]) {
      expect(each.state).toEqual(failedWith(no))
    }
    expect(failed.handle((value, error) => [value, error]).state).toEqual(completedWith([undefined, no]))
    expect(failed.exceptionally((error) => [error]).state).toEqual(completedWith([no]))
    expect(failed.exceptionallyCompose((error) => CompletableFuture.completed([error])).state).toEqual(
      completedWith([no]),
    )
  })
})

describe('callbacks on a pending future', () => {
  test('run inside the call that completes it, in the order in which they were added', () => {
    const future = new CompletableFuture<number>()
    const seen: unknown[] = []
    future.thenAccept((n) => seen.push(['accept', n]))
    future.thenRun((...args: unknown[]) => seen.push(['run', ...args]))
    future.whenComplete((n, error) => seen.push(['complete', n, error]))
    future.thenApply((n) => seen.push(['apply', n]))
    expect(seen).toEqual([])
    future.complete(7)
    expect(seen).toEqual([['accept', 7], ['run'], ['complete', 7, undefined], ['apply', 7]])
  })

  test('a completion from inside a callback shows at once, and is told to its dependants right after the callback', () => {
    const first = new CompletableFuture<number>()
    const second = new CompletableFuture<number>()
    const seen: unknown[] = []
    second.thenAccept((n) => seen.push(['second', n]))
    first.thenRun(() => {
      second.complete(2)
      seen.push(['in the callback', second.getNow(0)])
    })
    first.thenRun(() => seen.push('first again'))
    first.complete(1)
    expect(seen).toEqual([['in the callback', 2], 'first again', ['second', 2]])
  })

  test('a dependant that somebody completes keeps that, and its callback does not run', () => {
    const source = new CompletableFuture<number>()
    const calls: number[] = []
    const dependant = source.thenApply((n) => calls.push(n))
    dependant.complete(42)
    source.complete(1)
    expect([dependant.state, calls]).toEqual([completedWith(42), []])
  })

  test('a dependant that is completed by its own callback keeps that', () => {
    const source = new CompletableFuture<number>()
    const applied: CompletableFuture<number> = source.thenApply((n) => (applied.complete(10), n))
    const composed: CompletableFuture<number> = source.thenCompose(
      (n) => (composed.complete(20), CompletableFuture.completed(n)),
    )
    const observed: CompletableFuture<number> = source.whenComplete(() => observed.completeExceptionally(no))
    source.complete(1)
    expect([applied.state, composed.state, observed.state]).toEqual([
      completedWith(10),
      completedWith(20),
      failedWith(no),
    ])
  })
})

describe('a callback that throws', () => {
  const methods: ReadonlyArray<[string, (source: CompletableFuture<number>) => CompletableFuture<unknown>]> = [
    ['thenApply', (source) => source.thenApply(throwNo)],
    ['thenCompose', (source) => source.thenCompose(throwNo)],
    ['thenCombine', (source) => source.thenCombine(CompletableFuture.completed(1), throwNo)],
    ['thenAccept', (source) => source.thenAccept(throwNo)],
    ['thenRun', (source) => source.thenRun(throwNo)],
    ['handle', (source) => source.handle(throwNo)],
    ['whenComplete', (source) => source.whenComplete(throwNo)],
    ['exceptionally', (source) => source.thenRun(throwNo).exceptionally(throwNo)],
    ['exceptionallyCompose', (source) => source.thenRun(throwNo).exceptionallyCompose(throwNo)],
  ]
  test.for(methods)('%s: fails its future, and the others get theirs', ([, attach]) => {
    expect(attach(CompletableFuture.completed(1)).state).toEqual(failedWith(no))
    const source = new CompletableFuture<number>()
    const broken = attach(source)
    const other = source.thenApply((n) => n + 1)
    source.complete(1)
    expect([broken.state, other.state]).toEqual([failedWith(no), completedWith(2)])
  })

  test('whenComplete: the first failure stays', () => {
    expect(CompletableFuture.failed('first').whenComplete(throwNo).state).toEqual(failedWith('first'))
  })
})

describe('thenCompose', () => {
  test('waits for the inner future, which may fail', () => {
    const [outer, inner] = [new CompletableFuture<number>(), new CompletableFuture<number>()]
    const composed = outer.thenCompose((n) => inner.thenApply((m) => n + m))
    const recovered = composed.exceptionallyCompose(() => CompletableFuture.completed(-1))
    outer.complete(1)
    expect(composed.isDone).toBe(false)
    inner.completeExceptionally(no)
    expect([composed.state, recovered.state]).toEqual([failedWith(no), completedWith(-1)])
  })

  test('dependants of one future that go on to wait for different ones do not disturb each other', () => {
    const outer = new CompletableFuture<number>()
    const inner = [new CompletableFuture<number>(), new CompletableFuture<number>()] as const
    const composed = inner.map((each) => outer.thenCompose(() => each))
    outer.complete(0)
    inner[0].complete(1)
    expect(composed.map((each) => each.getNow('pending'))).toEqual([1, 'pending'])
    inner[1].complete(2)
    expect(composed.map((each) => each.getNow('pending'))).toEqual([1, 2])
  })

  test('takes any promise', async () => {
    expect(await CompletableFuture.completed(1).thenCompose((n) => Promise.resolve(n + 1))).toBe(2)
    await expect(CompletableFuture.completed(1).thenCompose(() => Promise.reject(no))).rejects.toBe(no)
    expect(await CompletableFuture.failed(no).exceptionallyCompose(() => Promise.resolve(3))).toBe(3)
  })

  test('says so when the function gives no future', () => {
    expect(() =>
      CompletableFuture.completed(1)
        .thenCompose((() => 5) as never)
        .getNow(0),
    ).toThrow('expected a future or a promise, got number')
    expect(() =>
      CompletableFuture.completed(1)
        .thenCompose((() => null) as never)
        .getNow(0),
    ).toThrow('got null')
  })

  test('fails instead of waiting for itself for ever', () => {
    const source = new CompletableFuture<number>()
    const circle: CompletableFuture<number> = source.thenCompose(() => circle)
    source.complete(1)
    expect(() => circle.getNow(0)).toThrow('a future cannot wait for itself')
  })
})

describe('from and supply', () => {
  test('a future is returned as it is', () => {
    const future = new CompletableFuture<number>()
    expect(CompletableFuture.from(future)).toBe(future)
  })

  test('a promise is followed, with both of its outcomes', async () => {
    expect(await CompletableFuture.from(Promise.resolve(1))).toBe(1)
    await expect(CompletableFuture.from(Promise.reject(no))).rejects.toBe(no)
  })

  test('a thenable that throws, or answers twice, gives its first answer', () => {
    const throwing: PromiseLike<number> = { then: throwNo }
    expect(CompletableFuture.from(throwing).state).toEqual(failedWith(no))
    const babbling = {
      then: (onCompleted: (n: number) => void, onFailed: (error: unknown) => void) => {
        onCompleted(1)
        onCompleted(2)
        onFailed(no)
        throw no
      },
    } as PromiseLike<number>
    expect(CompletableFuture.from(babbling).state).toEqual(completedWith(1))
  })

  test('supply runs at once: a plain value is there at once, a throw is the failure, a promise is followed', async () => {
    expect(CompletableFuture.supply(() => 1).state).toEqual(completedWith(1))
    expect(CompletableFuture.supply(throwNo).state).toEqual(failedWith(no))
    expect(CompletableFuture.supply(() => CompletableFuture.completed(2)).state).toEqual(completedWith(2))
    expect(await CompletableFuture.supply(async () => 3)).toBe(3)
  })
})

describe('as a promise', () => {
  test('await gives the value and throws the failure, now and later', async () => {
    expect(await CompletableFuture.completed(1)).toBe(1)
    await expect(CompletableFuture.failed(no)).rejects.toBe(no)
    const [later, never] = [new CompletableFuture<number>(), new CompletableFuture<number>()]
    queueMicrotask(() => (later.complete(2), never.cancel()))
    expect(await later).toBe(2)
    await expect(never).rejects.toBeInstanceOf(Cancelled)
  })

  test('then is asynchronous, calls one of its handlers, and chains', async () => {
    const seen: unknown[] = []
    const chained = CompletableFuture.completed(1).then((n) => (seen.push(n), n + 1))
    seen.push('first')
    expect(await chained).toBe(2)
    expect(seen).toEqual(['first', 1])
    expect(await CompletableFuture.failed(no).then(null, (error) => [error])).toEqual([no])
    expect(await CompletableFuture.completed(1).then()).toBe(1)
    await expect(CompletableFuture.completed(1).then(throwNo)).rejects.toBe(no)
  })

  test('catch and finally are those of a Promise, so that it may stand for one', async () => {
    const seen: unknown[] = []
    const asked: Promise<number | string> = CompletableFuture.failed<number>(no).catch(
      (error) => (seen.push(error), 'no'),
    )
    expect(seen).toEqual([])
    expect(await asked).toBe('no')
    expect(await CompletableFuture.completed(1).catch(() => 2)).toBe(1)
    expect(await CompletableFuture.completed(1).finally(() => seen.push('done'))).toBe(1)
    await expect(CompletableFuture.failed(no).finally(() => seen.push('failed'))).rejects.toBe(no)
    await expect(CompletableFuture.completed(1).finally(throwNo)).rejects.toBe(no)
    expect(seen).toEqual([no, 'done', 'failed'])
  })

  test('works with Promise.all and for await', async () => {
    const futures = [CompletableFuture.completed(1), CompletableFuture.supply(async () => 2)]
    expect(await Promise.all(futures)).toEqual([1, 2])
    const seen: number[] = []
    const one = async function* (): AsyncGenerator<number> {
      yield* futures
    }
    for await (const each of one()) seen.push(each)
    expect(seen).toEqual([1, 2])
  })

  test('a failure that nobody looks at is not reported; one that was made a Promise is, unless it is handled', async () => {
    const reported: unknown[] = []
    const listen = (error: unknown): void => void reported.push(error)
    const others = process.rawListeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen)
    try {
      CompletableFuture.failed('unseen').thenApply(() => 1)
      CompletableFuture.from(Promise.reject('unseen promise'))
      await CompletableFuture.failed('handled').then(null, () => 0)
      void CompletableFuture.failed('made a promise').then(() => 0)
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const each of others) process.on('unhandledRejection', each as () => void)
    }
    expect(reported).toEqual(['made a promise'])
  })
})
