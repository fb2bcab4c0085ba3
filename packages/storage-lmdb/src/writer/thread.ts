import { workerData } from 'node:worker_threads'
import type { WriterStart } from './protocol.ts'
import { runWriter } from './writer.ts'

runWriter(workerData as WriterStart)
