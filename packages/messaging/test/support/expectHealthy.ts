import { doctor } from '@weir/storage-lmdb'
import { expect } from 'vitest'

/** The doctor finds nothing in a folder, whoever has it open. */
export const expectHealthy = async (folder: string): Promise<void> => {
  const report = await doctor(folder)
  expect(report.isHealthy, String(report)).toBe(true)
}
