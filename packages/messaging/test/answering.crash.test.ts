import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Weir } from '@weir/core'
import { expect, onTestFinished, test } from 'vitest'
import { openRequester } from '../src/index.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { killed, startFixture } from './support/fixtureProcess.ts'
import { patientLmdb } from './support/patientLmdb.ts'
import { squares } from './support/squares.ts'

test(
  'answerers killed with SIGKILL only delay answers: each request is answered once',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-answering-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const weirs = await Promise.all([Weir.open(patientLmdb(folder)), Weir.open(patientLmdb(folder))])
    const askers = await Promise.all(weirs.map((weir) => openRequester(weir, { ...squares, replyWithinMs: 60_000 })))
    const answerers = await Promise.all([0, 1, 2].map(() => startFixture('answerer', [folder])))

    let asked = 0
    let answered = 0
    let isOver = false
    const asking = askers.map(async (asker) => {
      const all: Array<PromiseLike<unknown>> = []
      while (!isOver) {
        for (let i = 0; i < 2; i++) {
          const n = asked++
          const reply = asker.ask(`k${n % 50}`, n).thenAccept(({ value }) => {
            expect(value).toBe(n * n)
            answered++
          })
          all.push(reply)
        }
        await wait(20)
      }
      await Promise.all(all)
    })
    // the last one is left
    for (const answerer of answerers.splice(0, 2)) {
      await wait(500)
      await killed(answerer)
    }
    await wait(500)
    isOver = true
    await Promise.all(asking)
    for (const answerer of answerers) await killed(answerer)

    expect(answered).toBe(asked)
    const counts = askers.map((asker) => asker.counts())
    for (const each of counts) expect(each).toMatchObject({ failed: 0, timedOut: 0, late: 0, repeated: 0 })
    const replies = new Set<string>()
    for await (const record of weirs[0].topic(squares.replies).from('earliest').toEnd()) {
      const id = record.headers['weir.correlation-id']!
      expect(replies.has(id)).toBe(false)
      replies.add(id)
    }
    expect(replies.size).toBe(asked)
    await Promise.all(weirs.map((weir) => weir.close()))
    await expectHealthy(folder)
  },
)
