import * as fc from 'fast-check'
import { sequenceT } from 'fp-ts/lib/Apply.js'
import { traverse } from 'fp-ts/lib/Array.js'
import { left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import * as future from '../../src/future/monad.ts'
import { mayThrow, order, script, scriptOf, Stage } from './support/scripts.ts'

type Numbers = CompletableFuture<number>

const lengthOf = (error: unknown): number => (typeof error === 'string' ? error.length : Number(error))

/** Both sides of a law, over futures that are done, that fail and that end later in any order, have the same outcome. */
const law = <T extends [unknown, ...unknown[]]>(
  given: { [I in keyof T]: fc.Arbitrary<T[I]> },
  sides: (stage: Stage, ...given: T) => [one: CompletableFuture<unknown>, other: CompletableFuture<unknown>],
): void =>
  fc.assert(
    fc.property(fc.tuple(...given), order, (values, choices) => {
      const stage = new Stage()
      const [one, other] = sides(stage, ...(values as unknown as T))
      stage.finish(choices)
      expect(one.isDone).toBe(true)
      expect(one.state).toEqual(other.state)
    }),
    { numRuns: 300 },
  )

describe('functor', () => {
  test('identity', () => law([script], (stage, s) => [stage.play(s).thenApply((n) => n), stage.play(s)]))
  test('composition', () =>
    law([script, mayThrow, mayThrow], (stage, s, f, g) => [
      stage.play(s).thenApply((n) => g(f(n))),
      stage.play(s).thenApply(f).thenApply(g),
    ]))
  test('is map of the monad', () =>
    law([script, mayThrow], (stage, s, f) => [
      stage.play(s).thenApply(f),
      stage.play(s).thenCompose((n) => future.of(f(n))),
    ]))
})

describe('monad', () => {
  test('left identity', () =>
    law([fc.nat(9), scriptOf], (stage, n, f) => [future.of(n).thenCompose((m) => stage.play(f(m))), stage.play(f(n))]))
  test('right identity', () => law([script], (stage, s) => [stage.play(s).thenCompose(future.of), stage.play(s)]))
  test('associativity', () =>
    law([script, scriptOf, scriptOf], (stage, s, f, g) => {
      const [kf, kg] = [(n: number): Numbers => stage.play(f(n)), (n: number): Numbers => stage.play(g(n))]
      return [stage.play(s).thenCompose(kf).thenCompose(kg), stage.play(s).thenCompose((n) => kf(n).thenCompose(kg))]
    }))
})

describe('applicative', () => {
  test('ap is chain then map, though both sides are under way at once', () =>
    law([script, script], (stage, s, t) => {
      const add = (a: number) => (b: number) => [a, b]
      return [
        future.Monad.ap(stage.play(s).thenApply(add), stage.play(t)),
        stage.play(s).thenCompose((a) => stage.play(t).thenApply(add(a))),
      ]
    }))
  test('composition', () =>
    law([script, script, script], (stage, s, t, u) => {
      const { ap, map } = future.Applicative
      const pair = (a: number) => (b: number) => [a, b]
      const label = (a: number) => (b: unknown) => [a, b]
      const compose = (f: (b: unknown) => unknown) => (g: (c: number) => unknown) => (c: number) => f(g(c))
      return [
        ap(ap(map(stage.play(s).thenApply(label), compose), stage.play(t).thenApply(pair)), stage.play(u)),
        ap(stage.play(s).thenApply(label), ap(stage.play(t).thenApply(pair), stage.play(u))),
      ]
    }))
})

describe('failures', () => {
  test('failed is a left zero of thenCompose, as completed is of exceptionallyCompose', () =>
    law([fc.nat(9), scriptOf], (stage, n, f) => [
      CompletableFuture.allOf([
        CompletableFuture.failed(n)
          .thenCompose(() => stage.play(f(n)))
          .handle((_, error) => error),
        future.of(n).exceptionallyCompose(() => stage.play(f(n))),
      ]),
      future.of([n, n]),
    ]))
  test('handle is thenApply on the good side and exceptionally on the bad one', () =>
    law([script, mayThrow, mayThrow], (stage, s, f, g) => [
      stage.play(s).handle((...[value, error]) => (error === undefined ? f(value) : g(lengthOf(error)))),
      stage
        .play(s)
        .thenApply((value) => () => f(value))
        .exceptionally((error) => () => g(lengthOf(error)))
        .thenApply((run) => run()),
    ]))
  test('handle sees every outcome and, given back, changes none', () =>
    law([script], (stage, s) => [
      stage
        .play(s)
        .handle((...[value, error]) =>
          error === undefined ? future.of(value) : CompletableFuture.failed<number>(error),
        )
        .thenCompose((outcome) => outcome),
      stage.play(s),
    ]))
  test('exceptionally leaves values alone, and given the failure back changes nothing', () =>
    law([script], (stage, s) => [
      stage.play(s).exceptionally((error) => {
        throw error
      }),
      stage.play(s),
    ]))
  test('exceptionallyCompose is associative', () =>
    law([script, scriptOf, scriptOf], (stage, s, f, g) => {
      const attempt = (of: typeof f) => (error: unknown) => stage.play(of(lengthOf(error)))
      return [
        stage.play(s).exceptionallyCompose(attempt(f)).exceptionallyCompose(attempt(g)),
        stage.play(s).exceptionallyCompose((error) => attempt(f)(error).exceptionallyCompose(attempt(g))),
      ]
    }))
  test('whenComplete changes an outcome only by throwing on a value', () =>
    law([script, mayThrow], (stage, s, f) => [
      stage.play(s).whenComplete((value, error) => (error === undefined ? f(value) : f(0))),
      stage.play(s).thenApply((value) => (f(value), value)),
    ]))
})

describe('with fp-ts', () => {
  test('Do notation binds values in pipe', () => {
    const later = new CompletableFuture<number>()
    const result = pipe(
      future.Do,
      future.bind('a', () => later),
      future.let('b', ({ a }) => a + 1),
      future.apS('c', future.of('c')),
      future.map(({ a, b, c }) => [a, b, c]),
      future.chain((all) => future.of([all])),
    )
    later.complete(1)
    expect(result.getNow([])).toEqual([[1, 2, 'c']])
    expect(pipe(future.of(1), future.bindTo('a')).getNow(undefined)).toEqual({ a: 1 })
  })

  test('traverse and sequenceT take the instances', () => {
    expect(traverse(future.Applicative)((n: number) => future.of(n + 1))([1, 2]).getNow([])).toEqual([2, 3])
    expect(sequenceT(future.Apply)(future.of(1), future.of('a')).getNow([])).toEqual([1, 'a'])
  })

  test('the instances do what the methods do', () => {
    expect(future.Functor.map(future.of(1), (n) => n + 1).getNow(0)).toBe(2)
    expect(future.Chain.chain(future.of(1), (n) => future.of(n + 1)).getNow(0)).toBe(2)
    const { chainRec } = future.ChainRec
    expect(chainRec(0, (n) => future.of(n < 10 ? left(n + 1) : right(n))).getNow(0)).toBe(10)
  })

  test('throwError and orElse', () => {
    expect(
      pipe(
        future.MonadThrow.throwError<string, number>('no'),
        future.orElse((error) => future.of(error)),
      ).getNow(0),
    ).toBe('no')
  })
})
