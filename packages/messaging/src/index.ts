export { DeclaredExchange, declareExchange, type PublishOptions } from './declareExchange.ts'
export { ExchangeMismatch, InvalidPattern, RouteFailed, UnknownExchange, Unroutable } from './errors.ts'
export {
  exchange,
  type Exchange,
  type ExchangeOptions,
  type ExchangeType,
  type PublishedRecord,
  type Route,
} from './exchange.ts'
export type { Bucket, BucketState, Taken } from './Bucket.ts'
export { leakyBucket, type LeakyBucketOptions } from './leakyBucket.ts'
export { LimitExceeded } from './LimitExceeded.ts'
export { type LocalRateLimiter, rateLimiter, type RateLimiterOptions } from './localRateLimiter.ts'
export type { RateLimiter } from './RateLimiter.ts'
export { sharedRateLimiter, type SharedRateLimiterOptions } from './sharedRateLimiter.ts'
export { tokenBucket, type TokenBucketOptions } from './tokenBucket.ts'
export type { Binding, Rules } from './Rules.ts'
export { checkStamps, type CheckStampsOptions } from './checkStamps.ts'
export { type LossChecker, lossChecker, type LossCheckerOptions } from './lossChecker.ts'
export { type StampEnd, stamping, type StampingProducer } from './stamping.ts'
export { type StreamFault, streamFaults } from './StreamFault.ts'
export {
  type CronOptions,
  type DeliverOptions,
  type DeliveryTime,
  openSchedules,
  Schedules,
  type SchedulesOptions,
} from './openSchedules.ts'
export type { Missed } from './Scheduled.ts'
export { answer, type Answerer, answering, type AnswerOptions } from './answering.ts'
export {
  type AskOptions,
  type Reply,
  type RequestCounts,
  requester,
  type Requester,
  type RequesterOptions,
} from './requester.ts'
export { InvalidReply, RequestFailed } from './requestErrors.ts'
export type { RequestTopics } from './RequestTopics.ts'
