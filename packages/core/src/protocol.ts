// What a protocol over commits is built from, outside core: topics by name, the writer of batches, and rows that are changed by
// comparing. An app needs none of it.

export { withoutNull } from './codec/nullable.ts'
export { Ending } from './future/Ending.ts'
export { observe } from './future/observe.ts'
export { handlerOptionNames } from './handler/HandlerOptions.ts'
export { decodeReceived } from './log/decode.ts'
export { jsonRow, parseRow, retried } from './log/ids.ts'
export { optionNames, pickOptions } from './log/optionNames.ts'
export { headersOf, placesOf } from './log/recordMetadata.ts'
export { requireKnown } from './log/requireKnown.ts'
export { requireInteger } from './log/Topic.ts'
export { ensureTopic, findSameTopic, findTopic } from './log/topicCatalog.ts'
export { type ClosedBatch, encodePart, TopicWriter } from './log/TopicWriter.ts'
export { compareBytes, equalBytes } from './model/compareBytes.ts'
export { murmur2, murmur2OfText } from './model/murmur2.ts'
export { systemStores } from './ports/rows.ts'
export { runOptionNames } from './runtime/runOptionNames.ts'
