import { InvalidJob, InvalidOption, OperatorFailed } from '@weir/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runPuppets } from './puppets.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const states = (workers: ReturnType<typeof runPuppets>['workers']): ReadonlyArray<string> =>
  workers.workers.map(({ index, state }) => `${index} ${state}`)

test('starts more workers, and completes when they are at work', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.measure({})
  const scaled = workers.scaleTo(3)
  expect(states(workers)).toEqual(['0 running', '1 starting', '2 starting'])
  puppets[1]!.measure({})
  expect(scaled.isDone).toBe(false)
  puppets[2]!.measure({})
  expect(scaled.isDone).toBe(true)
  expect(puppets[0]!.orders).toEqual([])
})

test('ends the last workers as stop does, completes when they have exited, and keeps what they have done', () => {
  const { workers, puppets } = runPuppets(3)
  for (const [index, puppet] of puppets.entries()) puppet.measure({ recordsIn: 10 ** index, lag: 7 })
  const scaled = workers.scaleTo(1)
  expect(puppets.map(({ orders }) => orders.map(({ _tag }) => _tag))).toEqual([[], ['Stop'], ['Stop']])
  puppets[2]!.finish({ recordsIn: 100 })
  expect(scaled.isDone).toBe(false)
  // however it ends, nobody takes its place
  puppets[1]!.kill()
  expect(scaled.isDone).toBe(true)
  expect(states(workers)).toEqual(['0 running'])
  expect(workers.metrics()).toMatchObject({ recordsIn: 111, lag: 7 })
  vi.advanceTimersByTime(60_000)
  expect(puppets.length).toBe(3)
  puppets[0]!.finish()
  expect(workers.done.isDone).toBe(true)
})

test('ends a worker that waits to be replaced, and gives its index to the next one', async () => {
  const { workers, puppets } = runPuppets(2)
  puppets[1]!.measure({ commits: 1 })
  puppets[1]!.kill()
  await workers.scaleTo(1)
  expect(states(workers)).toEqual(['0 starting'])
  void workers.scaleTo(2)
  expect(puppets.map(({ index }) => index)).toEqual([0, 1, 1])
  vi.advanceTimersByTime(60_000)
  expect(puppets.length).toBe(3)
})

test('kills a worker that does not end within 10 s', () => {
  const { workers } = runPuppets(2)
  const scaled = workers.scaleTo(1)
  vi.advanceTimersByTime(9_999)
  expect(scaled.isDone).toBe(false)
  vi.advanceTimersByTime(1)
  expect(scaled.isDone).toBe(true)
})

test('gives a new worker an index of its own while one that ends is still there', () => {
  const { workers, puppets } = runPuppets(2)
  void workers.scaleTo(1)
  void workers.scaleTo(2)
  expect(puppets.map(({ index }) => index)).toEqual([0, 1, 2])
  puppets[1]!.finish()
  expect(states(workers)).toEqual(['0 starting', '2 starting'])
})

test('completes when the run ends before it, and fails as the run does', () => {
  const stopped = runPuppets(1)
  const first = stopped.workers.scaleTo(2)
  void stopped.workers.stop()
  for (const puppet of stopped.puppets) puppet.finish()
  expect(first.state.status).toBe('completed')
  const failed = runPuppets(1)
  const second = failed.workers.scaleTo(2)
  failed.workers.done.exceptionally(() => undefined)
  failed.puppets[0]!.fail(new OperatorFailed('no'))
  failed.puppets[1]!.finish()
  expect(second.state).toMatchObject({ status: 'failed', error: { _tag: 'OperatorFailed' } })
})

test('is refused for a number that there cannot be, and when the run is ending', async () => {
  const { workers, puppets } = runPuppets(1)
  for (const count of [0, 1.5, 1_025, NaN]) await expect(workers.scaleTo(count)).rejects.toBeInstanceOf(InvalidOption)
  void workers.stop()
  await expect(workers.scaleTo(2)).rejects.toBeInstanceOf(InvalidJob)
  puppets[0]!.finish()
  await expect(workers.scaleTo(2)).rejects.toBeInstanceOf(InvalidJob)
})
