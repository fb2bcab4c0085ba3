import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type RunningJob, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { work } from './handOverMember.ts'
import { percentile, sleep } from './measure.ts'
import { row } from './rows.ts'

/** The lease that members have by default, and a second. */
const killedMsMax = 4_000
const leftMsMax = 200

/** How long the partitions of a member in another process have no owner: when it leaves in order, and when it is killed. */
export const handOver = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const rounds = quick ? 2 : 10
  const folder = path('weir')
  const weir = await Weir.open(lmdb(folder))
  const running = await weir
    .topic(work)
    .group('workers')
    .process(() => undefined)
  const measure = async (how: string, end: (member: ChildProcess) => void): Promise<ReadonlyArray<number>> => {
    const times: number[] = []
    for (let round = 1; round <= rounds; round++) {
      progress(`a member ${how}: ${round} of ${rounds}`)
      const member = fork(join(import.meta.dirname, 'handOverMember.ts'), [folder], { execArgv: [] })
      const gone = once(member, 'exit')
      await once(member, 'message')
      await owns(running, work.partitions / 2)
      const began = performance.now()
      end(member)
      await owns(running, work.partitions)
      times.push(performance.now() - began)
      await gone
    }
    return times
  }
  const left = await measure('leaves', (member) => void member.send('leave'))
  const killed = await measure('is killed', (member) => void member.kill('SIGKILL'))
  await weir.close()
  return [
    ...rowsOf('partitions of a member that leaves, until another process has them', left, leftMsMax),
    ...rowsOf('partitions of a member killed with SIGKILL, until another process has them', killed, killedMsMax),
  ]
}

const rowsOf = (name: string, times: ReadonlyArray<number>, atMost: number): ReadonlyArray<Row> => [
  row({ name: `${name}: p50`, value: percentile(times, 50), unit: 'ms' }),
  row({ name: `${name}: longest`, value: Math.max(...times), unit: 'ms', budget: { of: 'value', atMost } }),
]

const owns = async (running: RunningJob, count: number): Promise<void> => {
  while (running.assigned.length !== count) await sleep(1)
}
