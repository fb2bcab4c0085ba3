import { InvalidOption } from '@weir/core'
import type { Bucket } from '../Bucket.ts'

/** @throws InvalidOption for what is not a bucket, such as its options */
export const requireBucket = (what: string, bucket: Bucket): void => {
  if (typeof bucket?.take === 'function') return
  throw new InvalidOption(`${what}: the bucket is not what tokenBucket() or leakyBucket() gives; expected one of them`)
}
