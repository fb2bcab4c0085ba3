import { Weir } from '@weir/core'
import { onTestFinished } from 'vitest'
import { lmdb } from '../../src/index.ts'
import { temporaryFolder } from '../temporaryFolder.ts'

/** Opens a folder of the test's own; both are closed and removed when it has finished. */
export const openWeir = async (): Promise<{ readonly weir: Weir; readonly path: string }> => {
  const { path, remove } = temporaryFolder()
  onTestFinished(remove)
  const weir = await Weir.open(lmdb(path))
  onTestFinished(async () => await weir.close())
  return { weir, path }
}
