/** The names of the headers that Weir itself writes and reads. All of them begin with `weir.`. */
export const reservedHeaders = {
  /** When a record is too old to be handled, in ms since 1970. */
  expiresAt: 'weir.expires-at',
  /** Where a dead letter came from. */
  topic: 'weir.topic',
  partition: 'weir.partition',
  offset: 'weir.offset',
  /** The group that gave it up, and the only one that handles it again when it is sent back. */
  group: 'weir.group',
  cause: 'weir.cause',
  attempts: 'weir.attempts',
  /** The id that it had. */
  id: 'weir.id',
  /** Of a dead letter that was sent back: the offset that it had at first. */
  redriven: 'weir.redriven',
} as const
