import { storageContract } from '@weir/testing/contract'
import { test } from 'vitest'
import { openWithRuns } from '../openWithRuns.ts'
import { temporaryFolder } from '../temporaryFolder.ts'

// the storage as ever, where all rows go through sorted runs, and merging never ends
const limits = { rowsMin: 1, pagesMin: 0, bytesMax: 200, countMax: 4, mergedRowsMax: 2 }

const cases = storageContract({
  name: 'lmdb with sorted runs',
  modelRuns: 10,
  provide: () => {
    const folder = temporaryFolder()
    return { provider: { open: () => openWithRuns(folder.path, limits) }, release: folder.remove }
  },
})
for (const { name, run } of cases) test.concurrent(name, run)
