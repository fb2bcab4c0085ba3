import { EpochFenced, InvalidOption, OperatorFailed, StorageFailed } from '@weir/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WorkerFailed } from '../src/WorkerFailed.ts'
import { runPuppets } from './puppets.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('is done when all workers have finished and exited', () => {
  const { workers, puppets } = runPuppets(2)
  puppets[0]!.finish()
  expect(workers.done.isDone).toBe(false)
  puppets[1]!.finish()
  expect(workers.done.state).toEqual({ status: 'completed', value: undefined })
  expect(workers.workers.map(({ state }) => state)).toEqual(['finished', 'finished'])
})

test('replaces a worker that dies, at once and with the same index', () => {
  const { workers, puppets } = runPuppets(2)
  puppets[1]!.measure({ commits: 3 })
  puppets[1]!.kill()
  expect(workers.workers[1]).toEqual({ index: 1, state: 'replaced', pid: null, threadId: null, restarts: 0 })
  vi.advanceTimersByTime(0)
  expect(workers.workers[1]).toEqual({ index: 1, state: 'starting', pid: 1_002, threadId: null, restarts: 1 })
  expect(puppets[2]!.index).toBe(1)
  expect(workers.restarts).toBe(1)
})

test('replaces a worker that exits in order before the job has ended', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.events.ended('exited with code 0')
  vi.runAllTimers()
  expect(puppets.length).toBe(2)
  expect(workers.done.isDone).toBe(false)
})

test('sums what all workers have done, also those that are gone, and their lag only once', () => {
  const { workers, puppets } = runPuppets(2)
  puppets[0]!.measure({ recordsIn: 10, commits: 2, lag: 7 })
  puppets[1]!.measure({ recordsIn: 100, recordsLate: 3, commits: 5, lag: 70 })
  puppets[1]!.kill()
  expect(workers.metrics()).toEqual({ recordsIn: 110, recordsLate: 3, recordsBad: 0, commits: 7, lag: 77 })
  vi.advanceTimersByTime(0)
  puppets[2]!.measure({ recordsIn: 1, commits: 1, lag: 50 })
  expect(workers.metrics()).toEqual({ recordsIn: 111, recordsLate: 3, recordsBad: 0, commits: 8, lag: 57 })
})

test.each([new OperatorFailed('it threw'), new EpochFenced('a newer one'), new TypeError('x is not a function')])(
  'stops the others and fails when a worker ends with an error that would only come again: %s',
  (error) => {
    const { workers, puppets } = runPuppets(2)
    puppets[0]!.fail(error)
    expect(puppets[1]!.orders).toEqual([{ _tag: 'Stop' }])
    expect(workers.done.isDone).toBe(false)
    puppets[1]!.finish()
    expect(workers.done.isCompletedExceptionally).toBe(true)
    expect(puppets.length).toBe(2)
  },
)

test('fails with the error as it was: its class, tag and message', () => {
  const { workers, puppets } = runPuppets(1)
  const error = new OperatorFailed('it threw')
  puppets[0]!.fail(error)
  const { state } = workers.done
  expect(state.status === 'failed' && state.error).toBeInstanceOf(OperatorFailed)
  expect(state.status === 'failed' && state.error).toMatchObject({ _tag: 'OperatorFailed', message: 'it threw' })
})

test('replaces a worker whose storage failed, since the next one opens it anew', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.measure({ commits: 1 })
  puppets[0]!.fail(new StorageFailed('an I/O error'))
  vi.advanceTimersByTime(0)
  expect(puppets.length).toBe(2)
  expect(workers.done.isDone).toBe(false)
})

test('waits longer before each replacement that is in vain, and fails after the seventh in a row', () => {
  const { workers, puppets } = runPuppets(1)
  const begin = Date.now()
  while (!workers.done.isDone) {
    puppets.at(-1)!.events.ended('exited with code 7')
    vi.runAllTimers()
  }
  expect(puppets.length).toBe(7)
  expect(Date.now() - begin).toBe(50 + 100 + 200 + 400 + 800)
  const { state } = workers.done
  const error = state.status === 'failed' ? state.error : undefined
  expect(error).toBeInstanceOf(WorkerFailed)
  expect((error as WorkerFailed).message).toMatch(/worker 0 of job 'sums' ended 7 times in a row .* exited with code 7/)
})

test('counts only failures in a row: one that has committed something begins the count again', () => {
  const { workers, puppets } = runPuppets(1)
  for (let round = 0; round < 40; round++) {
    if (round % 6 === 5) puppets.at(-1)!.measure({ commits: 1 })
    puppets.at(-1)!.events.ended('was killed by SIGSEGV')
    vi.runAllTimers()
  }
  expect(workers.done.isDone).toBe(false)
  expect(workers.restarts).toBe(40)
})

test('gives up on a worker that commits and dies, again and again, and names its last end', () => {
  const { workers, puppets } = runPuppets(1, { restartsMax: 3, restartWindowMs: 1_000 })
  while (!workers.done.isDone) {
    puppets.at(-1)!.measure({ commits: 1 })
    if (puppets.length < 4) puppets.at(-1)!.events.ended('was killed by SIGSEGV')
    else puppets.at(-1)!.fail(new StorageFailed('an I/O error'))
    vi.runAllTimers()
  }
  expect(puppets.length).toBe(4)
  const { state } = workers.done
  const error = state.status === 'failed' ? state.error : undefined
  expect(error).toBeInstanceOf(WorkerFailed)
  expect((error as WorkerFailed).message).toMatch(
    /worker 0 of job 'sums' ended more than 3 times within 1 s .* exited with code 1 after StorageFailed: an I\/O error/,
  )
  expect((error as WorkerFailed).cause).toBeInstanceOf(StorageFailed)
})

test('goes on for ever with a worker that dies less often than that', () => {
  const { workers, puppets } = runPuppets(1, { restartsMax: 3, restartWindowMs: 1_000 })
  for (let round = 0; round < 40; round++) {
    puppets.at(-1)!.measure({ commits: 1 })
    puppets.at(-1)!.events.ended('was killed by SIGSEGV')
    vi.advanceTimersByTime(334)
  }
  expect(puppets.length).toBe(41)
  expect(workers.done.isDone).toBe(false)
})

test('is not disturbed by a caller that cancels its end', () => {
  const { workers, puppets } = runPuppets(1)
  expect(workers.done.cancel()).toBe(true)
  expect(workers.stop().cancel()).toBe(true)
  expect(workers.done.isDone).toBe(false)
  puppets[0]!.finish()
  expect(workers.done.state).toEqual({ status: 'completed', value: undefined })
})

test('does not count its own kills as failures', () => {
  const { workers, puppets } = runPuppets(1, { restartsMax: 3, restartWindowMs: 300_000 })
  for (let round = 0; round < 40; round++) {
    expect(workers.kill(0)).toBe(true)
    vi.advanceTimersByTime(0)
  }
  expect(puppets.length).toBe(41)
})

test('kills a worker once, also when it has not noticed yet', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.isStubborn = true
  expect([workers.kill(0), workers.kill(0)]).toEqual([true, false])
})

test('kills nothing where there is nothing to kill', () => {
  const { workers, puppets } = runPuppets(2)
  puppets[0]!.kill()
  expect(workers.kill(0)).toBe(false)
  puppets[1]!.finish()
  expect(workers.kill(1)).toBe(false)
  expect(() => workers.kill(2)).toThrow(InvalidOption)
})

test('kills no thread', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.threadId = 3
  expect(() => workers.kill(0)).toThrow('worker 0 is a thread')
})

test('stops all workers, and kills those that do not end within 10 s', () => {
  const { workers, puppets } = runPuppets(3)
  const stopped = workers.stop()
  expect(puppets.map(({ orders }) => orders)).toEqual(Array.from({ length: 3 }, () => [{ _tag: 'Stop' }]))
  puppets[0]!.finish()
  puppets[1]!.events.ended('exited with code 1')
  vi.advanceTimersByTime(9_999)
  expect(stopped.isDone).toBe(false)
  vi.advanceTimersByTime(1)
  expect(stopped.state).toEqual({ status: 'completed', value: undefined })
  expect(workers.workers.map(({ state }) => state)).toEqual(['finished', 'stopped', 'stopped'])
})

test('starts no replacement once it is stopped', () => {
  const { workers, puppets } = runPuppets(1)
  puppets[0]!.kill()
  workers.stop()
  vi.runAllTimers()
  expect(puppets.length).toBe(1)
  expect(workers.done.isDone).toBe(true)
})
