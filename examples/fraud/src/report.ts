import { counted } from '@weir/example-program'
import type { UnderKills } from '@weir/example-program/runUnderKills'
import Table from 'cli-table3'
import type { Findings } from './compareAlerts.ts'

/** Each alert was found, once, and no other. */
export const isRight = ({ missing, repeated, wrong }: Findings): boolean => missing + repeated + wrong === 0

/** What was found, and what happened on the way. */
export const report = (findings: Findings, { kills, restarts }: UnderKills): string => {
  const table = new Table({
    head: ['alerts', 'count'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
  })
  table.push(
    ['a large charge within a minute of a small one', counted(findings.smallThenLarge)],
    ['a charge that was not confirmed within two minutes', counted(findings.unconfirmed)],
    ['found once, as they must be', counted(findings.right)],
    ['missing', counted(findings.missing)],
    ['repeated', counted(findings.repeated)],
    ['wrong', counted(findings.wrong)],
  )
  return [
    table.toString(),
    '',
    isRight(findings)
      ? `${kills} times a worker was killed with SIGKILL wherever it was, and replaced (${restarts} replacements).\n` +
        'Each alert was given exactly once, and none where nothing was wrong.'
      : 'THE ALERTS ARE WRONG.',
  ].join('\n')
}
