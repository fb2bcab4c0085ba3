import { expect, test } from 'vitest'
import { failuresOf, lastLines } from './failures.ts'

const report = {
  numPassedTests: 1,
  numFailedTests: 2,
  testResults: [
    {
      name: '/root/packages/core/test/a.test.ts',
      status: 'failed',
      assertionResults: [
        { fullName: 'a group holds', status: 'passed', failureMessages: [] },
        {
          fullName: 'a group takes over',
          status: 'failed',
          failureMessages: [
            'AssertionError: \u001b[31mexpected 1\u001b[39m to be 2\n    at /root/a.test.ts:3:1\n    at run',
          ],
        },
        { fullName: 'a group ends', status: 'failed', failureMessages: ['1\n2\n3\n4\n5\n6\n7\n8'] },
      ],
    },
    {
      name: '/root/scripts/b.test.ts',
      status: 'failed',
      message: "Cannot find module './c.ts'",
      assertionResults: [],
    },
    { name: '/root/scripts/d.test.ts', status: 'passed', message: '', assertionResults: [] },
  ],
}

test('names each test that failed, its file and the first lines of its message, without the stack', () => {
  expect(failuresOf(report, '/root')).toEqual([
    'a group takes over\n    packages/core/test/a.test.ts\n    AssertionError: expected 1 to be 2',
    'a group ends\n    packages/core/test/a.test.ts\n    1\n    2\n    3\n    4\n    5\n    6',
    "scripts/b.test.ts\n    Cannot find module './c.ts'",
  ])
})

test('says nothing of a report without failures', () => {
  expect(failuresOf({ ...report, testResults: report.testResults.slice(2) }, '/root')).toEqual([])
})

test('gives the last lines that say something', () => {
  expect(lastLines('1\n\n\u001b[1m2\u001b[22m\n  \n3\n', 2)).toBe('2\n3')
})
