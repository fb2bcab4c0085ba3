import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { minutes } from '@weir/core'
import { doctor } from '@weir/storage-lmdb'
import { jobDriver } from '@weir/testing'
import { expect, onTestFinished, test } from 'vitest'
import { parseOptions } from '../src/options.ts'
import { runProgram } from '../src/runProgram.ts'
import { expectedOf } from '../src/visitors.ts'
import { clicks, lateClicks, visiting, visits } from '../src/visits.ts'

const clicked = (visitor: string, minute: number, page: string) => ({
  visitor,
  click: { at: minutes(minute), page },
})

// a click in between makes one visit of ann's two, and her last one comes when that is over
const some = [
  clicked('ann', 0, '/a'),
  clicked('bob', 31, '/x'),
  clicked('ann', 31, '/c'),
  clicked('ann', 29, '/b'),
  clicked('ann', 120, '/d'),
  clicked('ann', 30, '/e'),
]

test('gathers the clicks of each visitor into visits, and sets late ones aside', async () => {
  const driver = await jobDriver(visiting)
  onTestFinished(() => driver.close())
  for (const { visitor, click } of some) {
    await driver.send(clicks, [{ key: visitor, value: click }])
    driver.crash()
    await driver.restart()
  }
  await driver.finish()
  const found = (await driver.output(visits)).map(({ value }) => value)
  const ofAnn = { visitor: 'ann', begin: 0, end: minutes(31) + 1, clicks: 3, entry: '/a', exit: '/c' }
  expect(found.filter(({ visitor }) => visitor === 'ann')[0]).toEqual(ofAnn)
  const late = (await driver.output(lateClicks)).map(({ key, value }) => ({ visitor: key, click: value }))
  expect(late).toEqual([some[5]])
  const expected = expectedOf(some)
  const byText = (values: ReadonlyArray<unknown>) => values.map((value) => JSON.stringify(value)).toSorted()
  expect(byText(found)).toEqual(byText(expected.visits))
  expect(late).toEqual(expected.late)
})

test('the program finds the visits of a plain loop while workers are killed', async () => {
  const data = mkdtempSync(join(tmpdir(), 'weir-click-sessions-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const shown: string[] = []
  const options = parseOptions(['--clicks', '8000', '--kills', '1', '--data', data])
  expect(await runProgram(options, new AbortController().signal, (text) => shown.push(text)), shown.join('\n')).toBe(
    true,
  )
  expect(shown).toHaveLength(3)
  const report = await doctor(join(data, 'log'))
  expect(report.isHealthy, String(report)).toBe(true)
}, 120_000)

test.each([
  [['--clicks', '10'], "--clicks is '10'; expected a whole number from 1000"],
  [['--kills', '-1'], '--kills'],
  [['--data', ''], '--data is empty'],
])('says what is wrong with %j', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message)
})
