import { expect } from 'vitest'
import { doctor } from '../../src/index.ts'

/** The doctor finds nothing in a folder, whoever has it open. */
export const expectHealthy = async (folder: string): Promise<void> => {
  const report = await doctor(folder)
  expect(report.isHealthy, String(report)).toBe(true)
}

/** What is so where tests write batches and rows without a topic or a store. */
const ownerless = /belongs to no topic|names no store|belongs to no job/

/** As `expectHealthy`, for a folder that was written to without topics. */
export const expectSound = async (folder: string): Promise<void> => {
  const { checks } = await doctor(folder, { findingsMax: 1_000 })
  const found = checks.flatMap(({ findings }) => findings).filter(({ what }) => !ownerless.test(what))
  expect(found).toEqual([])
}
