import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const run = (...args: ReadonlyArray<string>) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'fixtures/main.ts'), ...args],
    {
      encoding: 'utf8',
    },
  )
  return { status, stdout, stderr }
}

test('says with its exit code whether all was right', () => {
  expect(run('--give', 'right')).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(run('--give', 'wrong')).toEqual({ status: 1, stdout: '', stderr: '' })
})

test('shows its usage when it is asked for, and after a mistake on the command line', () => {
  expect(run('-h')).toEqual({ status: 0, stdout: 'the usage\n', stderr: '' })
  const mistaken = run('--times', '11')
  expect(mistaken.status).toBe(2)
  expect(mistaken.stderr).toBe("--times is '11'; expected a whole number from 1 to 10\n\nthe usage\n")
  expect(run('--what').status).toBe(2)
  expect(run('there').status).toBe(2)
})

test('ends in order after a signal', () => {
  expect(run('--give', 'SIGINT')).toEqual({
    status: 130,
    stdout: 'cleaned up\n',
    stderr: '\nInterrupted. Go on later.\n',
  })
  expect(run('--give', 'SIGTERM').status).toBe(130)
})

test('says what is wrong with a folder in one line, without a stack', () => {
  expect(run('--give', 'InvalidName')).toEqual({ status: 1, stdout: '', stderr: 'InvalidName: no name\n' })
})
