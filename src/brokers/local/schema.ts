/**
 * The file's tables. An append-only log (`msg`), a lane per (partition, priority), one cursor per
 * (lane, group), one row per live lease, and sparse side tables for the exceptions. How they work
 * together: docs/decisions/0001-local-store.md.
 *
 * Times are milliseconds since the epoch. Ids of messages are `qid << 36 | seq`, so that a queue's
 * messages are one range of the log and no id is ever used again.
 */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- Counters are totals since creation; history in 'tally' is a snapshot of them by the minute.
CREATE TABLE queue (
  -- Plain pushes don't touch this row: what entered after 'seq' is read off the tail of the log.
  qid INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, options TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0,       -- last sequence given to a message or scheduled message
  last_ts INTEGER NOT NULL DEFAULT 0,   -- entry time of the last message; entry times never go back
  prios INTEGER NOT NULL DEFAULT 0,     -- bit n: a lane of priority n exists or existed
  pushed INTEGER NOT NULL DEFAULT 0,    -- messages that entered the log
  removed INTEGER NOT NULL DEFAULT 0,   -- messages deleted from the log, for whatever reason
  scheduled INTEGER NOT NULL DEFAULT 0, -- rows of sched
  partitions INTEGER NOT NULL DEFAULT 0, -- lanes with a name; kept by the triggers below
  bytes INTEGER NOT NULL DEFAULT 0,     -- of payloads and headers in msg and sched
  minute INTEGER NOT NULL DEFAULT 0     -- of the last change of a counter
) STRICT;

-- pushed and removed are kept for partitions; last_at too, and for the other lanes where windowBuffer asks for it.
CREATE TABLE lane (
  lid INTEGER PRIMARY KEY, qid INTEGER NOT NULL, name TEXT,  -- NULL: messages without a partition
  prio INTEGER NOT NULL DEFAULT 0,
  pushed INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0, last_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX lane_name ON lane (qid, ifnull(name, ''), prio);
CREATE INDEX lane_queue ON lane (qid);
CREATE TRIGGER lane_made AFTER INSERT ON lane WHEN new.name IS NOT NULL BEGIN UPDATE queue SET partitions = partitions + 1 WHERE qid = new.qid; END;
CREATE TRIGGER lane_gone AFTER DELETE ON lane WHEN old.name IS NOT NULL BEGIN UPDATE queue SET partitions = partitions - 1 WHERE qid = old.qid; END;

CREATE TABLE msg (
  id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, ts INTEGER NOT NULL, exp INTEGER,
  enc INTEGER NOT NULL,                 -- 0 json, 1 text, 2 bytes
  body BLOB NOT NULL, hdr BLOB,         -- JSON object; NULL: no headers
  tx TEXT,                              -- NULL: the caller gave none
  alias INTEGER,                        -- public id, when it was given before it entered (scheduled)
  only_group TEXT,                      -- redriven to this group alone
  origin INTEGER,                       -- dead letter (did) it was redriven from
  since INTEGER NOT NULL,               -- bytes that entered the queue after its row was stored, this message's included
  edited_at INTEGER
) STRICT;
-- And id, as every index ends with the key of its table: naming it would store it twice.
CREATE INDEX msg_lane ON msg (lane);
CREATE INDEX msg_exp ON msg (exp) WHERE exp IS NOT NULL;
CREATE INDEX msg_only ON msg (id, lane, only_group) WHERE only_group IS NOT NULL;
CREATE TABLE fired (alias INTEGER PRIMARY KEY, id INTEGER NOT NULL) STRICT;

CREATE TABLE grp (
  -- Acks alone don't touch this row: 'passed', 'delivered' and 'completed' are more by what stands among the leases.
  gid INTEGER PRIMARY KEY AUTOINCREMENT, qid INTEGER NOT NULL, name TEXT NOT NULL,
  start TEXT NOT NULL,                  -- as asked for: all, new, or milliseconds
  start_id INTEGER NOT NULL,            -- messages with id <= start_id are before its start; every cursor begins there
  made_to INTEGER NOT NULL DEFAULT 0,   -- lanes up to this one have cursors, where they have messages
  paused INTEGER NOT NULL DEFAULT 0, held INTEGER,
  passed INTEGER NOT NULL DEFAULT 0,    -- messages still in the log that this group has completed, was never to get, or that died in it
  retrying INTEGER NOT NULL DEFAULT 0, released INTEGER NOT NULL DEFAULT 0, -- delivered before and waiting to be again: charged, uncharged
  delivered INTEGER NOT NULL DEFAULT 0, -- deliveries that have ended; the others are what leases hold

  completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0, redriven INTEGER NOT NULL DEFAULT 0,
  minute INTEGER NOT NULL DEFAULT 0,
  history INTEGER,                      -- gid under which its tally and timing stand, kept through seeks; NULL: its own
  UNIQUE (qid, name)
) STRICT;
-- Group ids that a seek or delete left behind: their cursors (of lanes up to 'swept'), leases and exc are removed in small steps.
CREATE TABLE gone (gid INTEGER PRIMARY KEY, swept INTEGER NOT NULL DEFAULT 0) STRICT;
-- Deleted queues, whose rows are removed in small steps. Whatever is found by an id checks that its queue exists.
CREATE TABLE gone_queue (qid INTEGER PRIMARY KEY) STRICT;

CREATE TABLE cursor (
  lane INTEGER NOT NULL, gid INTEGER NOT NULL, prio INTEGER NOT NULL,
  pos INTEGER NOT NULL,                 -- keyed: all up to here are settled. Unkeyed: all up to here were delivered once
  passed INTEGER NOT NULL,              -- messages still in the lane's log that this group needn't be given from it any more
  ready_at INTEGER,                     -- when to look at it again; NULL: not before something changes
  lease INTEGER,                        -- keyed: the live (or run out, not yet reaped) lease
  ends_at INTEGER,                      -- unkeyed: no lease of the lane runs out before
  done TEXT,                            -- JSON list of ids beyond pos that are settled, or (unkeyed) were taken out of turn
  PRIMARY KEY (lane, gid)
) STRICT, WITHOUT ROWID;
-- Leased partitions aren't in it, as moving there to the end of their lease writes a page more: the leases tell when they are ready again.
CREATE INDEX cursor_ready ON cursor (gid, prio, ready_at) WHERE ready_at IS NOT NULL AND lease IS NULL;

-- A pop makes one row per lane it took from. Its messages: those of the lane in (first, last], and those of 'exc' that name it; less 'done'.
-- A key below 0 is no lease but a group's, negated: 'open' are acks that the group's row doesn't know. An ack writes a page of this table anyway.
CREATE TABLE lease (
  lease INTEGER PRIMARY KEY,            -- lane << 20 | a random number, above 0: those of a lane stand together, without an index
  token TEXT NOT NULL, lane INTEGER NOT NULL, gid INTEGER NOT NULL, keyed INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, open INTEGER NOT NULL, done TEXT,
  leased_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, worker TEXT
) STRICT;
CREATE INDEX lease_worker ON lease (worker) WHERE worker IS NOT NULL;

-- Messages of a group with a history: charged, released, returned, or leased again.
CREATE TABLE exc (
  gid INTEGER NOT NULL, id INTEGER NOT NULL, lane INTEGER NOT NULL,
  charges INTEGER NOT NULL, deliveries INTEGER NOT NULL,
  visible_at INTEGER,                   -- unkeyed: when to deliver again (NULL while leased). Keyed: not before this
  lease INTEGER,                        -- unkeyed: the lease that holds it
  retrying INTEGER NOT NULL DEFAULT 0,  -- it waits because of a charge: counted in grp.retrying, else (while no lease has it) in grp.released
  alone INTEGER NOT NULL DEFAULT 0,     -- its lease ran out: deliver it in a batch of its own
  error BLOB, stack BLOB,
  PRIMARY KEY (gid, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX exc_due ON exc (gid, lane, visible_at) WHERE visible_at IS NOT NULL;
CREATE INDEX exc_next ON exc (visible_at) WHERE visible_at IS NOT NULL;
CREATE INDEX exc_lease ON exc (lease) WHERE lease IS NOT NULL;

CREATE TABLE sched (
  id INTEGER PRIMARY KEY, qid INTEGER NOT NULL, due INTEGER NOT NULL, name TEXT, prio INTEGER NOT NULL, pushed_at INTEGER NOT NULL, ttl INTEGER,
  enc INTEGER NOT NULL, body BLOB NOT NULL, hdr BLOB, tx TEXT, edited_at INTEGER
) STRICT;
CREATE INDEX sched_due ON sched (qid, due, id);
CREATE INDEX sched_next ON sched (due);

CREATE TABLE dedup (qid INTEGER NOT NULL, part TEXT NOT NULL, tx TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (qid, part, tx)) STRICT, WITHOUT ROWID;
CREATE INDEX dedup_at ON dedup (qid, at);

CREATE TABLE dead (
  did INTEGER PRIMARY KEY AUTOINCREMENT, qid INTEGER NOT NULL, grp TEXT NOT NULL, id INTEGER NOT NULL, -- id: the public one
  name TEXT, prio INTEGER NOT NULL, ts INTEGER NOT NULL, dead_at INTEGER NOT NULL, reason TEXT NOT NULL, charges INTEGER NOT NULL, deliveries INTEGER NOT NULL,
  enc INTEGER NOT NULL, body BLOB NOT NULL, hdr BLOB, tx TEXT, error BLOB, stack BLOB,
  redriven INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX dead_queue ON dead (qid, did);
CREATE INDEX dead_group ON dead (qid, grp, did);
CREATE INDEX dead_message ON dead (id);
CREATE TABLE redrive (did INTEGER NOT NULL, at INTEGER NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (did, at, id)) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  eid INTEGER PRIMARY KEY, id INTEGER NOT NULL, qid INTEGER NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, -- id: the public one
  grp TEXT, worker TEXT, attempt INTEGER, data BLOB
) STRICT;
CREATE INDEX event_message ON event (id, eid);
CREATE TABLE event_name (name TEXT NOT NULL, eid INTEGER NOT NULL, PRIMARY KEY (name, eid)) STRICT, WITHOUT ROWID;
CREATE INDEX event_name_event ON event_name (eid);

-- Snapshots of the counters of a queue (gid 0) or group at the end of a minute in which they changed.
CREATE TABLE tally (qid INTEGER NOT NULL, gid INTEGER NOT NULL, minute INTEGER NOT NULL, counters TEXT NOT NULL, PRIMARY KEY (qid, gid, minute)) STRICT, WITHOUT ROWID;
-- Histograms by the minute: kind 0 wait, 1 run; bucket: quarter powers of two of milliseconds.
CREATE TABLE timing (gid INTEGER NOT NULL, minute INTEGER NOT NULL, kind INTEGER NOT NULL, bucket INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (gid, minute, kind, bucket)) STRICT, WITHOUT ROWID;

CREATE TABLE worker (id TEXT PRIMARY KEY, state TEXT NOT NULL, beat_at INTEGER NOT NULL, beat_every INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** `user_version` of files written by this version. */
export const SCHEMA_VERSION = 1;
