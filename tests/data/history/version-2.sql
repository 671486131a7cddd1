CREATE TRIGGER drafts_go_with_conversations AFTER DELETE ON conversations BEGIN
    DELETE FROM drafts WHERE conversation_id = OLD.id;
END;
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    system_prompt TEXT NOT NULL,
    sampling_json TEXT NOT NULL,
    model_path TEXT NOT NULL,
    current_message INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    deleted_ms INTEGER,
    FOREIGN KEY (id, current_message) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE drafts (
    conversation_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    edited_message INTEGER NOT NULL,
    edit_text TEXT NOT NULL
) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id INTEGER CHECK (parent_id < id),
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    text TEXT NOT NULL,
    thoughts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('complete', 'partial', 'interrupted', 'stopped', 'contextFull', 'failed')),
    error TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    model_name TEXT NOT NULL,
    provenance_json TEXT NOT NULL,
    metrics_json TEXT NOT NULL,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX conversations_newest_first ON conversations (updated_ms DESC, id DESC)
    WHERE deleted_ms IS NULL;
CREATE INDEX messages_being_written ON messages (state) WHERE state = 'partial';
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id);
