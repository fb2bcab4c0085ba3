import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeHistory } from '../../src/history/judgeHistory.ts'
import { told, type Told } from './histories.ts'

/** What a step of three processes does to a log that keeps every promise. */
const arbitrarySteps = fc.array(
  fc.record({
    process: fc.constantFrom('a', 'b', 'c'),
    does: fc.constantFrom('commit', 'die', 'refuse', 'acknowledge', 'read'),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
)

/** A log of one partition, with commits that land at any moment between their call and their acknowledgement. */
const runOn = (steps: typeof arbitrarySteps extends fc.Arbitrary<infer S> ? S : never, history: Told): string[] => {
  const log: string[] = []
  const open = new Map<string, () => void>()
  steps.forEach(({ process, does }, step) => {
    const id = `${process}-${step}`
    if (does === 'read') history.read(process, [...log])
    else if (does === 'acknowledge') {
      open.get(process)?.()
      open.delete(process)
    } else if (!open.has(process)) {
      const called = history.commit(process, [id])
      if (does === 'refuse') return called.failed('no', 'fenced')
      // of the process that dies every second commit has landed
      if (does === 'die' && step % 2 === 0) return
      const offset = log.push(id) - 1
      if (does === 'commit') open.set(process, () => called.acknowledged([offset]))
    }
  })
  history.read('judge', [...log])
  return log
}

test('whatever a right log does, nothing is found', () => {
  fc.assert(
    fc.property(arbitrarySteps, (steps) => {
      expect(judgeHistory(told((history) => void runOn(steps, history))).anomalies).toEqual([])
    }),
  )
})

test('whichever record of a right log is taken away, doubled, moved or added, it is found', () => {
  const arbitraryHarm = fc.constantFrom('remove', 'double', 'swap', 'add')
  fc.assert(
    fc.property(arbitrarySteps, fc.nat(), arbitraryHarm, (steps, place, harm) => {
      const verdict = judgeHistory(
        told((history) => {
          const log = runOn(steps, history)
          fc.pre(log.length > 1)
          const at = place % (log.length - 1)
          if (harm === 'remove') log.splice(at, 1)
          if (harm === 'double') log.push(log[at]!)
          if (harm === 'add') log.push('of nobody')
          if (harm === 'swap') log.splice(at, 2, log[at + 1]!, log[at]!)
          history.read('judge again', log)
        }),
      )
      expect(verdict.anomalies).not.toEqual([])
    }),
  )
})
