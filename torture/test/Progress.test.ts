import { expect, test } from 'vitest'
import { addScores, isClean, noScore } from '../src/Campaign.ts'
import { campaigns } from '../src/campaigns.ts'
import { Progress } from '../src/Progress.ts'
import { report } from '../src/report.ts'

test('a run that is resumed goes on with the counts, the time and the seeds of the one before it', () => {
  const first = new Progress(7)
  expect([first.nextSeed(), first.nextSeed()]).toEqual([7, 8])
  first.add('kill -9', { ...noScore, runs: 5, records: 10, lost: 1, findings: ['lost: x'] }, 100)
  const second = Progress.parse(first.toString())
  expect(second.nextSeed()).toBe(9)
  const { score, ms } = second.add('kill -9', { ...noScore, runs: 1, records: 3 }, 50)
  expect({ score, ms }).toEqual({
    score: { ...noScore, runs: 6, records: 13, lost: 1, findings: ['lost: x'] },
    ms: 150,
  })
})

test('any count that is not zero makes a score not clean, and so does a sum with it', () => {
  expect(isClean({ ...noScore, runs: 9, records: 9 })).toBe(true)
  for (const kind of ['lost', 'repeated', 'reordered', 'torn', 'hung'] as const)
    expect(isClean(addScores(noScore, { ...noScore, [kind]: 1 }))).toBe(false)
})

test('the table has a line for each campaign, and says which were skipped or have not run', () => {
  const progress = new Progress(1)
  progress.add('kill -9', { ...noScore, runs: 45, records: 1_234 }, 1)
  const lines = report(campaigns, progress, ['power loss']).split('\n')
  expect(lines.find((line) => line.includes('kill -9'))).toMatch(/45 kills .* 1234 .* 0 .* 0 .* 0 .* 0 .* 0/)
  expect(lines.find((line) => line.includes('power loss'))).toContain('skipped')
  expect(lines.find((line) => line.includes('disk full'))).toContain('not run')
})
