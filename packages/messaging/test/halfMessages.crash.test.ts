import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { topic, utf8, Weir } from '@weir/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { halfMessages } from '../src/index.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { Shop } from './support/Shop.ts'
import { patientLmdb } from './support/patientLmdb.ts'

const orders = topic('orders', { key: utf8, value: utf8 })

describe('the order exists if and only if its message is delivered, once', { timeout: 120_000 }, () => {
  let folder: string
  const children = new Set<ChildProcess>()
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-half-'))
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    children.clear()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A process that runs a fixture, its lines, and how it ended. */
  const run = (name: string, args: ReadonlyArray<string | number>, env: Record<string, string> = {}) => {
    const path = fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))
    const child = spawn(process.execPath, [path, folder, ...args.map(String)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.add(child)
    const ended = new Promise<string>((resolve) =>
      child.on('close', (code, signal) => {
        children.delete(child)
        resolve(signal ?? String(code))
      }),
    )
    const lines: string[] = []
    const waiting = new Set<() => void>()
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      for (const wake of waiting) wake()
    })
    const said = async (line: string): Promise<void> => {
      while (!lines.includes(line)) {
        const isOver = await Promise.race([
          new Promise<false>((resolve) => waiting.add(() => resolve(false))),
          ended.then(() => true),
        ])
        if (isOver && !lines.includes(line)) throw new Error(`${name} ended without saying '${line}'`)
      }
    }
    return { child, ended, lines, said }
  }

  /** Checks until no message waits, and compares what the database and the log have. */
  const books = async (): Promise<{ readonly ordered: string[]; readonly delivered: string[] }> => {
    const weir = await Weir.open(patientLmdb(join(folder, 'log')))
    const shop = new Shop(join(folder, 'shop.db'))
    const messages = halfMessages(weir)
    const checking = messages.check('shop', ({ id }) => shop.stateOf(id), { intervalMs: 50, answerWithinMs: 200 })
    const deadline = Date.now() + 60_000
    while (messages.pending().length > 0) {
      if (Date.now() > deadline) throw new Error(`still waiting: ${JSON.stringify(messages.pending())}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await checking.close()
    const delivered: string[] = []
    if (weir.topics().length > 0) {
      const records = weir.topic(orders).from('earliest').toEnd()
      await records.consume((record) => void (record._tag === 'Record' && delivered.push(record.key)))
    }
    const ordered = shop.orders()
    shop.close()
    await weir.close()
    await expectHealthy(join(folder, 'log'))
    return { ordered, delivered: delivered.toSorted() }
  }

  test.each([
    ['begin', false],
    ['preparing', false],
    ['prepared', false],
    ['begun', false],
    ['inserted', false],
    ['ordered', true],
    ['settling', true],
    ['settled', true],
  ])('when the producer is killed at: %s', async (step, isOrdered) => {
    expect(await run('orderer', ['a', 4], { DIE_AT: step }).ended).toBe('SIGKILL')
    const { ordered, delivered } = await books()
    expect(ordered).toEqual(isOrdered ? ['a0', 'a1', 'a2', 'a3'] : ['a0', 'a1', 'a2'])
    expect(delivered).toEqual(ordered)
  })

  test.each(['refused', 'settling'])('when it is killed while it rolls back, at: %s', async (step) => {
    expect(await run('orderer', ['a', 2], { DIE_AT: step, REFUSE: '1' }).ended).toBe('SIGKILL')
    const { ordered, delivered } = await books()
    expect(ordered).toEqual(['a0'])
    expect(delivered).toEqual(ordered)
  })

  test.each([
    ['asked', 'ordered'],
    ['looked', 'inserted'],
    ['answering', 'ordered'],
    ['answered', 'inserted'],
  ])('when the checker is killed too, at: %s, after the producer at: %s', async (step, before) => {
    expect(await run('orderer', ['a', 2], { DIE_AT: before }).ended).toBe('SIGKILL')
    expect(await run('checker', [], { DIE_AT: step }).ended).toBe('SIGKILL')
    const { ordered, delivered } = await books()
    expect(ordered).toEqual(before === 'ordered' ? ['a0', 'a1'] : ['a0'])
    expect(delivered).toEqual(ordered)
  })

  test('when a producer stands still until its message is rolled back, and then goes on', async () => {
    const { child, said, ended, lines } = run('orderer', ['a', 2], { STOP: '1' })
    await said('stopping')
    expect((await books()).ordered).toEqual(['a0'])
    child.kill('SIGCONT')
    expect(await ended).toBe('0')
    const { ordered, delivered } = await books()
    expect([ordered, delivered, lines]).toEqual([['a0'], ['a0'], ['stopping', 'done']])
  })

  test('when producers with many orders at once, and a checker, are killed from outside', async () => {
    for (const [round, delayMs] of [15, 60, 150].entries()) {
      const checker = run('checker', [])
      const { child, said, ended } = run('orderer', [`r${round}-`, 100_000, 8])
      await said('working')
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      child.kill('SIGKILL')
      expect(await ended).toBe('SIGKILL')
      checker.child.kill('SIGKILL')
      await checker.ended
    }
    const { ordered, delivered } = await books()
    expect(ordered.length).toBeGreaterThan(0)
    expect(delivered).toEqual(ordered)
  })
})
