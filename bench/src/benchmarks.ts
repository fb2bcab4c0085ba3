import type { Benchmark } from './Benchmark.ts'

/** All benchmarks by name, in the order of the report. A benchmark's code is loaded when it runs. */
export const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  appendBytes: async () => (await import('./appendBytes.ts')).appendBytes,
  appendTyped: async () => (await import('./appendTyped.ts')).appendTyped,
  consumeBytes: async () => (await import('./consumeBytes.ts')).consumeBytes,
  oneRecord: async () => (await import('./oneRecord.ts')).oneRecord,
  exactlyOnceJob: async () => (await import('./exactlyOnceJob.ts')).exactlyOnceJob,
  wordCount: async () => (await import('./wordCount.ts')).wordCount,
  streamJoin: async () => (await import('./streamJoin.ts')).streamJoin,
  nexmark: async () => (await import('./nexmark.ts')).nexmark,
  sessions: async () => (await import('./sessions.ts')).sessions,
  largeState: async () => (await import('./largeState.ts')).largeState,
  resultLatency: async () => (await import('./resultLatency.ts')).resultLatency,
  wakeUp: async () => (await import('./wakeUp.ts')).wakeUp,
  backlog: async () => (await import('./backlog.ts')).backlog,
  partitions: async () => (await import('./partitions.ts')).partitions,
  transfers: async () => (await import('./transfers.ts')).transfers,
  handOver: async () => (await import('./handOver.ts')).handOver,
  group: async () => (await import('./group.ts')).group,
  requestReply: async () => (await import('./requestReply.ts')).requestReply,
  retention: async () => (await import('./retention.ts')).retention,
  schedules: async () => (await import('./schedules.ts')).schedules,
  laws: async () => (await import('./laws.ts')).laws,
  redisStreams: async () => (await import('./redisStreams.ts')).redisStreams,
}
