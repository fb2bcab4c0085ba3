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
    // all of them at once may keep a busy disk longer than the 8 s after which it is given up by default
    return { provider: lmdb(folder.path, { stallAfterMs: 50_000 }), release: folder.remove }
  },
})
// each has a folder of its own, and waits for a thread to start
for (const { name, run } of cases) test.concurrent(name, run)
