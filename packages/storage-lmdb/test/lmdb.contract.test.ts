import { storageContract } from '@weir/testing/contract'
import { test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { temporaryFolder } from './temporaryFolder.ts'

const cases = storageContract({
  name: 'lmdb',
  // each run opens the storage several times, which starts a thread
  modelRuns: 10,
  provide: () => {
    const folder = temporaryFolder()
    return { provider: lmdb(folder.path), release: folder.remove }
  },
})
// each has a folder of its own, and waits for a thread to start
for (const { name, run } of cases) test.concurrent(name, run)
