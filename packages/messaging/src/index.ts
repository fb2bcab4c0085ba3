export { answer, type Answerer, answering, type AnswerOptions } from './answering.ts'
export type { Bucket, BucketState, Taken } from './Bucket.ts'
export { Checking, type CheckOptions } from './Checking.ts'
export { checkStamps, type CheckStampsOptions } from './checkStamps.ts'
export { OpenExchange, openExchange, type OpenExchangeOptions, type PublishOptions } from './openExchange.ts'
export {
  ExchangeMismatch,
  HalfMessageExists,
  HalfMessageSettled,
  InvalidAnswer,
  InvalidPattern,
  InvalidReply,
  LimitExceeded,
  RequestFailed,
  RouteFailed,
  UnknownExchange,
  UnknownHalfMessage,
  Unroutable,
} from './errors.ts'
export {
  exchange,
  type Exchange,
  type ExchangeOptions,
  type ExchangeType,
  type PublishedRecord,
  type Route,
} from './exchange.ts'
export type {
  CheckCounts,
  CheckedMessage,
  Checker,
  CheckReport,
  HalfMessage,
  LeftOut,
  Settlement,
  TransactionState,
} from './HalfMessage.ts'
export { halfMessages, HalfMessages, type LocalTransaction, type PrepareOptions } from './halfMessages.ts'
export { leakyBucket, type LeakyBucketOptions } from './leakyBucket.ts'
export { type LocalRateLimiter, rateLimiter, type RateLimiterOptions } from './localRateLimiter.ts'
export { type LossChecker, lossChecker, type LossCheckerOptions } from './lossChecker.ts'
export {
  type CronOptions,
  type DeliverOptions,
  type DeliveryTime,
  openSchedules,
  Schedules,
  type SchedulesOptions,
} from './openSchedules.ts'
export type { RateLimiter } from './RateLimiter.ts'
export { type Outbox, OutboxRelay, type OutboxRow, relayOutbox, type RelayOptions } from './relayOutbox.ts'
export {
  type AskOptions,
  type Reply,
  type RequestCounts,
  openRequester,
  type Requester,
  type RequesterOptions,
} from './openRequester.ts'
export type { RequestTopics } from './RequestTopics.ts'
export type { Binding, Rules } from './Rules.ts'
export type { Missed } from './Scheduled.ts'
export { type SharedRateLimiter, sharedRateLimiter, type SharedRateLimiterOptions } from './sharedRateLimiter.ts'
export { type StampEnd, type StampingOptions, stampingProducer, type StampingProducer } from './stampingProducer.ts'
export { type StreamFault, streamFaults } from './StreamFault.ts'
export { tokenBucket, type TokenBucketOptions } from './tokenBucket.ts'
export { openTokenTopic, type TokenTopic, type TokenTopicOptions } from './openTokenTopic.ts'
