import fc from 'fast-check'
import { int32, type Job, job, topic, utf8 } from '@weir/core'
import { aggregate, count, keyBy, to, tumbling } from '@weir/operators'
import { arbitraryKey, arbitraryRecords, inputTo, isExactlyOnce, type LawOptions } from '@weir/testing'
import { type Campaign, noScore } from '../Campaign.ts'

const seeds = { short: 300, full: 5_000 }
const recordsMax = 12

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })

const windowed: Job = job('windowed')
  .from(words)
  .pipe(
    aggregate('sums', { window: tumbling(1_000), initial: () => 0, add: (sum) => sum + 1, codec: int32 }),
    to(counts),
  )

const rekeyed: Job = job('rekeyed')
  .from(words)
  .pipe(
    keyBy((word) => word, { partitions: 2 }),
    count('counted'),
    to(counts),
  )

/** The production runtime on a virtual clock, with faults of all kinds by seed: the same output as undisturbed. */
export const seedCampaign: Campaign = {
  name: 'virtual clock',
  of: 'seeds',
  runsForRelease: 1_000_000,
  whyNot: () => undefined,
  run: async ({ seed, scale }) => {
    const times = { stepMsMax: 400, disorderMsMax: 1_500 }
    let drawn = 0
    const records = arbitraryRecords({ key: arbitraryKey(4), value: arbitraryKey(3), times, countMax: recordsMax }).map(
      (all) => {
        drawn += all.length
        return all
      },
    )
    const law: LawOptions = { inputs: [inputTo(words, records)] }
    const jobs = [
      { job: windowed, options: law },
      { job: rekeyed, options: { ...law, order: 'byKey', timestamps: false } as const },
    ]
    const findings: string[] = []
    for (const one of jobs) {
      const numRuns = seeds[scale] / jobs.length
      const details = await fc.check(isExactlyOnce(one.job, one.options), { seed, numRuns })
      if (details.failed) findings.push(`${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}`)
    }
    // a law does not say which kind of difference it is
    return { ...noScore, runs: seeds[scale], records: drawn, torn: findings.length, findings }
  },
}
