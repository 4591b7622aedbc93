"""The database's tables, as steps that lead from an empty file to the present version."""

_VERSION_1 = (
    # Creation order over all kinds: every SID carries its position, every list is sorted by it.
    "CREATE TABLE sequence (last INTEGER NOT NULL)",
    "INSERT INTO sequence VALUES (0)",
    # name_key is the name as names are compared; SQLite itself folds the case of ASCII only.
    """CREATE TABLE workspace (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        friendly_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        event_callback_url TEXT NOT NULL,
        events_filter TEXT,
        multi_task_enabled INTEGER NOT NULL,
        prioritize_queue_order TEXT NOT NULL,
        default_activity_sid TEXT REFERENCES activity (sid),
        timeout_activity_sid TEXT REFERENCES activity (sid),
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL
    )""",
    "CREATE INDEX workspace_name ON workspace (name_key)",
    "CREATE INDEX workspace_default_activity ON workspace (default_activity_sid)",
    "CREATE INDEX workspace_timeout_activity ON workspace (timeout_activity_sid)",
    """CREATE TABLE activity (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        friendly_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        available INTEGER NOT NULL,
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        UNIQUE (workspace_sid, name_key)
    )""",
    """CREATE TABLE task_channel (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        friendly_name TEXT NOT NULL,
        unique_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        channel_optimized_routing INTEGER NOT NULL,
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        UNIQUE (workspace_sid, name_key)
    )""",
    """CREATE TABLE task_queue (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        friendly_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        target_workers TEXT NOT NULL,
        max_reserved_workers INTEGER NOT NULL,
        task_order TEXT NOT NULL,
        reservation_activity_sid TEXT REFERENCES activity (sid),
        assignment_activity_sid TEXT REFERENCES activity (sid),
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        UNIQUE (workspace_sid, name_key)
    )""",
    "CREATE INDEX task_queue_order ON task_queue (workspace_sid, position)",
    "CREATE INDEX task_queue_reservation ON task_queue (reservation_activity_sid)",
    "CREATE INDEX task_queue_assignment ON task_queue (assignment_activity_sid)",
    """CREATE TABLE workflow (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        friendly_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        configuration TEXT NOT NULL,
        assignment_callback_url TEXT NOT NULL,
        fallback_assignment_callback_url TEXT NOT NULL,
        task_reservation_timeout INTEGER NOT NULL,
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        UNIQUE (workspace_sid, name_key)
    )""",
    "CREATE INDEX workflow_order ON workflow (workspace_sid, position)",
    # Which queues a configuration sends tasks to; a SID inside one of its expressions does not count.
    """CREATE TABLE workflow_queue (
        workflow_sid TEXT NOT NULL REFERENCES workflow (sid) ON DELETE CASCADE,
        task_queue_sid TEXT NOT NULL REFERENCES task_queue (sid),
        PRIMARY KEY (workflow_sid, task_queue_sid)
    ) WITHOUT ROWID""",
    "CREATE INDEX workflow_queue_queue ON workflow_queue (task_queue_sid)",
    """CREATE TABLE worker (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        friendly_name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        attributes TEXT NOT NULL,
        activity_sid TEXT NOT NULL REFERENCES activity (sid),
        revision INTEGER NOT NULL DEFAULT 0,
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        date_status_changed TEXT NOT NULL,
        UNIQUE (workspace_sid, name_key)
    )""",
    "CREATE INDEX worker_order ON worker (workspace_sid, position)",
    "CREATE INDEX worker_status ON worker (workspace_sid, date_status_changed, position)",
    "CREATE INDEX worker_activity ON worker (activity_sid)",
    """CREATE TABLE worker_channel (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL UNIQUE,
        worker_sid TEXT NOT NULL REFERENCES worker (sid) ON DELETE CASCADE,
        task_channel_sid TEXT NOT NULL REFERENCES task_channel (sid) ON DELETE CASCADE,
        configured_capacity INTEGER NOT NULL,
        available INTEGER NOT NULL,
        date_created TEXT NOT NULL,
        date_updated TEXT NOT NULL,
        UNIQUE (worker_sid, task_channel_sid)
    )""",
    "CREATE INDEX worker_channel_channel ON worker_channel (task_channel_sid)",
)

_VERSION_2 = (
    "ALTER TABLE workflow ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE worker_channel ADD COLUMN last_reserved_ms INTEGER",
    # Documents that tasks still use, although their workflow has a newer one or was deleted.
    """CREATE TABLE workflow_version (
        workspace_sid TEXT NOT NULL REFERENCES workspace (sid) ON DELETE CASCADE,
        workflow_sid TEXT NOT NULL,
        version INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (workflow_sid, version)
    ) WITHOUT ROWID""",
    # Rows that routing changes are found by position, which every SID contains, and have no foreign keys. They are
    # written for every request, and each index and each check would be paid for every time.
    """CREATE TABLE task (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL,
        workspace_sid TEXT NOT NULL,
        serial INTEGER NOT NULL,
        channel TEXT NOT NULL,
        workflow_sid TEXT NOT NULL,
        workflow_version INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        priority INTEGER NOT NULL,
        timeout_s INTEGER NOT NULL,
        routing_target TEXT,
        ignore_capacity INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        virtual_start_ms INTEGER NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        queue_sid TEXT,
        queue_entered_ms INTEGER,
        place_filter INTEGER,
        place_target INTEGER,
        place_spent_s INTEGER,
        place_deadline_ms INTEGER,
        place_timed_out INTEGER,
        assignments INTEGER NOT NULL,
        assigned_ms INTEGER,
        ended_ms INTEGER,
        updated_ms INTEGER NOT NULL,
        version INTEGER NOT NULL
    )""",
    """CREATE TABLE reservation (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL,
        workspace_sid TEXT NOT NULL,
        serial INTEGER NOT NULL,
        task_sid TEXT NOT NULL,
        worker_sid TEXT NOT NULL,
        worker_name TEXT NOT NULL,
        status TEXT NOT NULL,
        queue_sid TEXT,
        workflow_sid TEXT NOT NULL,
        channel TEXT NOT NULL,
        timeout_ms INTEGER,
        previous_activity_sid TEXT,
        canceled_reason_code INTEGER,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        version INTEGER NOT NULL
    )""",
    "CREATE INDEX reservation_task ON reservation (task_sid)",
    "CREATE INDEX reservation_worker ON reservation (worker_sid)",
    # written_ms never falls as position grows, so a time is found without an index. at_ms may be earlier, if a timer
    # went off while the server was down.
    """CREATE TABLE event (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL,
        workspace_sid TEXT NOT NULL,
        type TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        written_ms INTEGER NOT NULL,
        task_sid TEXT,
        task_attributes TEXT,
        task_created_ms INTEGER,
        task_priority INTEGER,
        task_status TEXT,
        task_reason TEXT,
        task_channel TEXT,
        task_queue_sid TEXT,
        task_queue_entered_ms INTEGER,
        workflow_sid TEXT,
        reservation_sid TEXT,
        worker_sid TEXT,
        worker_name TEXT,
        worker_attributes TEXT,
        worker_activity_sid TEXT,
        worker_activity_name TEXT,
        worker_version INTEGER,
        about TEXT
    )""",
)

_VERSION_3 = (
    "ALTER TABLE event ADD COLUMN task_version INTEGER",
    "ALTER TABLE event ADD COLUMN task_virtual_start_ms INTEGER",
    "ALTER TABLE event ADD COLUMN task_ignore_capacity INTEGER",
    "ALTER TABLE event ADD COLUMN reservation_version INTEGER",
)

_VERSION_4 = (
    "ALTER TABLE reservation ADD COLUMN transfer_sid TEXT",
    """CREATE TABLE transfer (
        position INTEGER PRIMARY KEY,
        sid TEXT NOT NULL,
        workspace_sid TEXT NOT NULL,
        serial INTEGER NOT NULL,
        task_sid TEXT NOT NULL,
        reservation_sid TEXT NOT NULL,
        worker_sid TEXT NOT NULL,
        queue_sid TEXT,
        queue_entered_ms INTEGER,
        workflow_sid TEXT NOT NULL,
        mode TEXT NOT NULL,
        type TEXT NOT NULL,
        to_sid TEXT NOT NULL,
        status TEXT NOT NULL,
        failed_reason TEXT,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL
    )""",
    "CREATE INDEX transfer_task ON transfer (task_sid)",
)

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""A file of version n has been through the first n of these; ``PRAGMA user_version`` holds n."""

APPLICATION_ID = 0x74726C6F
"""``PRAGMA application_id`` of our files ("trlo"); prevents writing to a database of another program."""
