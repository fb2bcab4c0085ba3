import { int32, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { aggregate, hopping, session, sliding, tumbling } from '../src/index.ts'
import { numbers } from './support/through.ts'
import { seen, toWindows } from './support/windowed.ts'

const list = {
  initial: () => '',
  add: (text: string, value: number) => {
    if (value === 99) throw new Error('no 99')
    return `${text}${value}`
  },
  merge: (_: string, earlier: string, later: string) => earlier + later,
}

describe.each([
  [tumbling(10), { close: ['a [0, 10): 12'], update: ['a [0, 10): 1', 'a [0, 10): 12'] }],
  [
    hopping(10, { advanceMs: 5 }),
    {
      close: ['a [-5, 5): 12', 'a [0, 10): 12'],
      update: ['a [-5, 5): 1', 'a [0, 10): 1', 'a [-5, 5): 12', 'a [0, 10): 12'],
    },
  ],
  [
    sliding(10),
    {
      close: ['a [-9, 2): 1', 'a [-7, 4): 12', 'a [2, 13): 2'],
      update: ['a [-9, 2): 1', 'a [-7, 4): 12', 'a [2, 13): 2'],
    },
  ],
])('a record that aggregate throws on: %o', (window, expected) => {
  test.each(['close', 'update'] as const)('is in no window, and the others go on, with emit: %s', async (emit) => {
    const driver = await jobDriver(
      toWindows(
        job('j')
          .from(numbers)
          .pipe(aggregate('l', { ...list, window, emit, ...(window.kind === 'sliding' ? { values: int32 } : {}) })),
      ),
      { badRecords: 'set-aside' },
    )
    for (const [index, value] of [1, 99, 2].entries()) {
      await driver.send(numbers, [{ key: 'a', value, timestamp: index + 1 }])
    }
    await driver.finish()
    expect(await seen(driver)).toEqual(expected[emit])
    await driver.close()
  })
})

test('a record that sessions throw on begins none', async () => {
  const driver = await jobDriver(
    toWindows(
      job('j')
        .from(numbers)
        .pipe(aggregate('l', { ...list, window: session(5) })),
    ),
    { badRecords: 'set-aside' },
  )
  await driver.send(numbers, [{ key: 'a', value: 99, timestamp: 1 }])
  await driver.send(numbers, [
    { key: 'b', value: 99, timestamp: 1 },
    { key: 'b', value: 1, timestamp: 2 },
  ])
  await driver.finish()
  expect(await seen(driver)).toEqual(['b [2, 3): 1'])
  await driver.close()
})
