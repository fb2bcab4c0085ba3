import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { temporaryFolder } from '../temporaryFolder.ts'

/** A disk of some mebibytes, for all tests of a file; undefined, and said so, where this user may not mount one. */
export const smallDisk = (mebibytes: number): string | undefined => {
  const folder = temporaryFolder()
  const disk = join(folder.path, 'disk')
  mkdirSync(disk)
  const isMounted = mount(disk, mebibytes)
  afterAll(() => {
    if (isMounted) execFileSync('umount', ['--lazy', disk])
    folder.remove()
  })
  return isMounted ? disk : undefined
}

const mount = (disk: string, mebibytes: number): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    console.log('small disk: skipped, since this user may not mount one')
    return false
  }
}
