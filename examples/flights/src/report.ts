import { counted, seconds } from '@weir/example-program'
import type { Comparison } from './compare.ts'
import type { UnderKills } from './runUnderKills.ts'

export interface Ended {
  readonly flights: number
  readonly underKills: UnderKills
  readonly comparisons: ReadonlyArray<Comparison>
  readonly totalMs: number
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

/** What is wrong, or what the run has shown. */
export const report = ({ flights, underKills, comparisons, totalMs }: Ended): string => {
  const { kills, restarts, records, resident } = underKills
  const results = comparisons.reduce((sum, { expected }) => sum + expected, 0)
  const differing = comparisons.filter(({ wrong, missing }) => wrong + missing > 0)
  const details = comparisons.map(
    ({ topic, expected, equal, wrong, missing, differences }) =>
      `  ${topic}: ${counted(equal)} of ${counted(expected)} equal` +
      (wrong + missing === 0 ? '' : `, ${counted(wrong)} wrong, ${counted(missing)} missing`) +
      differences.map((difference) => `\n    ${difference}`).join(''),
  )
  const verdict =
    differing.length === 0
      ? `All ${counted(results)} results are equal to those of a plain loop over the file:`
      : `NOT EQUAL to the results of a plain loop over the file (${differing.map(({ topic }) => topic).join(', ')}):`
  return [
    verdict,
    ...details,
    '',
    ...(differing.length === 0 ? proof(flights, records, kills, restarts) : []),
    resident === undefined
      ? ''
      : `Memory of a worker at most: ${mebibytes(resident.anonymousBytes)} of its own, and ${mebibytes(resident.fileBytes)} ` +
        'of files (the log, which the system keeps in its cache).',
    `Time: ${seconds(totalMs)} in all.`,
  ]
    .filter((line, index, lines) => line !== '' || lines[index - 1] !== '')
    .join('\n')
}

const proof = (flights: number, records: number, kills: number, restarts: number): ReadonlyArray<string> => [
  records === 0
    ? `Nothing was left to do for this start: an earlier one had processed all ${counted(flights)} flights.`
    : `Two worker processes took ${counted(records)} flights through the job; ${counted(kills)} times one of them was killed ` +
      `with SIGKILL\nwherever it was, and replaced (${counted(restarts)} replacements).`,
  'No flight was lost and none counted twice; each hour, day and late flight was written exactly once. Positions, windows,',
  'outputs and watermarks of a batch are one commit: a killed worker leaves all of it behind, or nothing.',
]
