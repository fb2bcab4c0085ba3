export {
  sqliteSink,
  type SqliteRow,
  type SqliteSinkOptions,
  type SqliteTableOptions,
  type SqliteWriteOptions,
} from './sqliteSink.ts'
