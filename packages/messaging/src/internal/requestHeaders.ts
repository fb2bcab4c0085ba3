import type { Headers } from '@weir/core'

/** What requests and replies say of themselves. */
export const requestHeaders = {
  /** Of a request: a name that no other has. Of a reply: which request it is for. */
  correlationId: 'weir.correlation-id',
  /** Of a request: `topic/partition/instance`. */
  replyTo: 'weir.reply-to',
  /** Of a reply: why there is none; the value is null then. */
  error: 'weir.error',
  /** Of a reply: the asking instance that it is for. */
  instance: 'weir.instance',
} as const

/** Where a reply goes. */
export interface ReplyAddress {
  readonly topic: string
  readonly partition: number
  readonly instance: string
  readonly correlationId: string
}

/** Where the reply to a request goes; `undefined` when nobody waits for one, or nobody that can be found. */
export const replyAddressOf = (headers: Headers): ReplyAddress | undefined => {
  const correlationId = headers[requestHeaders.correlationId]
  const [topic = '', partition = '', instance = ''] = (headers[requestHeaders.replyTo] ?? '').split('/')
  if (correlationId === undefined || topic === '' || instance === '' || !/^\d{1,5}$/.test(partition)) return undefined
  return { topic, partition: Number(partition), instance, correlationId }
}

/** The headers of a request. */
export const headersOfRequest = ({ topic, partition, instance, correlationId }: ReplyAddress): Headers => ({
  [requestHeaders.correlationId]: correlationId,
  [requestHeaders.replyTo]: `${topic}/${partition}/${instance}`,
})

/** The headers of a reply; with why there is none, if there is none. */
export const headersOfReply = (to: ReplyAddress, error?: string): Headers => ({
  [requestHeaders.correlationId]: to.correlationId,
  [requestHeaders.instance]: to.instance,
  ...(error === undefined ? {} : { [requestHeaders.error]: error }),
})
