import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobDriver } from '@weir/testing'
import { expect, onTestFinished, test } from 'vitest'
import { look } from '../src/look.ts'
import { parseOptions } from '../src/options.ts'
import { runProgram } from '../src/runProgram.ts'
import { clicks, topLists, topPages } from '../src/topPages.ts'

test('ranks the pages of each section by their clicks, and shows it at every moment', async () => {
  const driver = await jobDriver(topPages)
  onTestFinished(() => driver.close())
  const click = (text: string): { readonly key: string; readonly value: { section: string; page: string } } => {
    const [section, page] = text.split('/') as [string, string]
    return { key: 'reader', value: { section, page } }
  }
  await driver.send(clicks, ['news/a', 'news/b', 'news/b', 'news/c', 'news/d', 'sports/x'].map(click))
  expect(look(driver.weir)).toEqual({
    lists: new Map([
      [
        'news',
        [
          { section: 'news', page: 'b', clicks: 2 },
          { section: 'news', page: 'a', clicks: 1 },
          { section: 'news', page: 'c', clicks: 1 },
        ],
      ],
      ['sports', [{ section: 'sports', page: 'x', clicks: 1 }]],
    ]),
    counted: 6,
    processed: 6,
    waiting: 0,
  })
  driver.crash()
  await driver.restart()
  await driver.send(clicks, ['news/d', 'news/d'].map(click))
  expect((await driver.output(topLists)).findLast(({ key }) => key === 'news')?.value.map(({ page }) => page)).toEqual([
    'd',
    'b',
    'a',
  ])
})

test('the program gives the lists of a plain count, and each of its looks fits together', async () => {
  const data = mkdtempSync(join(tmpdir(), 'weir-top-list-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const shown: string[] = []
  const options = parseOptions(['--clicks', '5000', '--data', data])
  expect(await runProgram(options, new AbortController().signal, (text) => shown.push(text))).toBe(true)
  expect(shown.at(-1)).toMatch(/^5,000 clicks counted/)
})
