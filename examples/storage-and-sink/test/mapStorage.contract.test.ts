import { storageContract } from '@weir/testing/contract'
import { describe, test } from 'vitest'
import { mapStorage } from '../src/mapStorage.ts'

describe('contract', () => {
  for (const { name, run } of storageContract({ name: 'map', provide: () => ({ provider: mapStorage() }) })) {
    test(name, run)
  }
})
