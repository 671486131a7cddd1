#include "app/history/sqlite_history_store.h"

#include <array>
#include <utility>

#include <QDateTime>
#include <QFileInfo>

#include "app/history/salvage.h"

namespace apertura {
namespace {

constexpr std::array kStateNames = {
    std::pair{MessageState::complete, "complete"},
    std::pair{MessageState::partial, "partial"},
    std::pair{MessageState::interrupted, "interrupted"},
    std::pair{MessageState::stopped, "stopped"},
    std::pair{MessageState::contextFull, "contextFull"},
    std::pair{MessageState::failed, "failed"},
};

QString stateName(MessageState state) {
    for (const auto& [value, name] : kStateNames) {
        if (value == state) {
            return QLatin1String(name);
        }
    }
    CHECK(false);
    return {};
}

// The schema admits these names only.
MessageState stateNamed(const QString& text) {
    for (const auto& [value, name] : kStateNames) {
        if (text == QLatin1String(name)) {
            return value;
        }
    }
    return MessageState::failed;
}

Role roleNamed(const QString& text) {
    for (Role role : {Role::system, Role::user, Role::assistant, Role::tool}) {
        if (text == QLatin1String(roleName(role))) {
            return role;
        }
    }
    return Role::user;
}

// 0 stands for none, which the database keeps as NULL.
void bindReference(Statement& statement, int parameter, qint64 id) {
    if (id == 0) {
        statement.bindNull(parameter);
    } else {
        statement.bind(parameter, id);
    }
}

ConversationRecord conversationOf(const Statement& row) {
    ConversationRecord conversation;
    conversation.id = row.integer(0);
    conversation.title = row.text(1);
    conversation.systemPrompt = row.text(2);
    conversation.samplingJson = row.text(3);
    conversation.modelPath = row.text(4);
    conversation.currentMessage = row.integer(5);
    conversation.createdMs = row.integer(6);
    conversation.updatedMs = row.integer(7);
    return conversation;
}

// Parameters 1 to 5 of a statement that writes these columns first.
void bindConversation(Statement& statement, const ConversationRecord& conversation) {
    statement.bind(1, conversation.title);
    statement.bind(2, conversation.systemPrompt);
    statement.bind(3, conversation.samplingJson);
    statement.bind(4, conversation.modelPath);
    bindReference(statement, 5, conversation.currentMessage);
}

MessageRecord messageOf(const Statement& row) {
    MessageRecord message;
    message.id = row.integer(0);
    message.conversationId = row.integer(1);
    message.parentId = row.integer(2);
    message.role = roleNamed(row.text(3));
    message.text = row.text(4);
    message.thoughts = row.text(5);
    message.state = stateNamed(row.text(6));
    message.error = row.text(7);
    message.createdMs = row.integer(8);
    message.modelName = row.text(9);
    message.provenanceJson = row.text(10);
    message.metricsJson = row.text(11);
    return message;
}

DraftRecord draftOf(const Statement& row) {
    return {row.integer(0), row.text(1), row.integer(2), row.text(3)};
}

template <typename Record>
Result<std::vector<Record>> readAll(Statement& statement, Record (*read)(const Statement&)) {
    std::vector<Record> records;
    for (;;) {
        Result<bool> row = statement.step();
        if (!row) {
            return row.error();
        }
        if (!*row) {
            return records;
        }
        records.push_back(read(statement));
    }
}

class SqliteHistoryStore : public HistoryStore {
public:
    explicit SqliteHistoryStore(Database database) : m_database(std::move(database)) {}

    Result<std::vector<ConversationRecord>> conversations() override {
        Result<Statement> statement = m_database.prepare(
            "SELECT id, title, system_prompt, sampling_json, model_path, current_message, "
            "created_ms, updated_ms FROM conversations WHERE deleted_ms IS NULL "
            "ORDER BY updated_ms DESC, id DESC");
        if (!statement) {
            return statement.error();
        }
        return readAll(*statement, conversationOf);
    }

    Result<qint64> addConversation(const ConversationRecord& conversation) override {
        Result<Statement> statement = m_database.prepare(
            "INSERT INTO conversations (title, system_prompt, sampling_json, model_path, "
            "current_message, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (!statement) {
            return statement.error();
        }
        bindConversation(*statement, conversation);
        statement->bind(6, conversation.createdMs);
        statement->bind(7, conversation.updatedMs);
        if (Result<bool> done = statement->step(); !done) {
            return done.error();
        }
        return m_database.lastInsertId();
    }

    Result<void> updateConversation(const ConversationRecord& conversation) override {
        Result<Statement> statement = m_database.prepare(
            "UPDATE conversations SET title = ?, system_prompt = ?, sampling_json = ?, "
            "model_path = ?, current_message = ?, updated_ms = ? WHERE id = ?");
        if (!statement) {
            return statement.error();
        }
        bindConversation(*statement, conversation);
        statement->bind(6, conversation.updatedMs);
        statement->bind(7, conversation.id);
        return changeOne(*statement, "conversation", conversation.id);
    }

    Result<void> deleteConversation(qint64 id, qint64 nowMs) override {
        Result<Statement> statement =
            m_database.prepare("UPDATE conversations SET deleted_ms = ? WHERE id = ?");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, nowMs);
        statement->bind(2, id);
        return changeOne(*statement, "conversation", id);
    }

    Result<void> restoreConversation(qint64 id) override {
        Result<Statement> statement =
            m_database.prepare("UPDATE conversations SET deleted_ms = NULL WHERE id = ?");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, id);
        return changeOne(*statement, "conversation", id);
    }

    Result<void> purgeDeleted(qint64 beforeMs) override {
        Result<void> purged =
            m_database.run("DELETE FROM conversations WHERE deleted_ms < ?", beforeMs);
        if (purged && m_database.changes() > 0) {
            // The log still holds the purged text. Where it cannot be emptied now (another reader),
            // it is when the program ends, so a failure here is none of the purge.
            static_cast<void>(m_database.run("PRAGMA wal_checkpoint(TRUNCATE)"));
        }
        return purged;
    }

    Result<std::vector<MessageRecord>> messages(qint64 conversationId) override {
        Result<Statement> statement = m_database.prepare(
            "SELECT id, conversation_id, parent_id, role, text, thoughts, state, error, "
            "created_ms, model_name, provenance_json, metrics_json FROM messages "
            "WHERE conversation_id = ? ORDER BY id");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, conversationId);
        return readAll(*statement, messageOf);
    }

    Result<qint64> addMessage(const MessageRecord& message) override {
        Result<Transaction> transaction = Transaction::begin(m_database);
        if (!transaction) {
            return transaction.error();
        }
        Result<qint64> id = insertMessage(message);
        if (!id) {
            return id.error();
        }
        Result<void> current = m_database.run(
            "UPDATE conversations SET current_message = ?, updated_ms = max(updated_ms, ?) "
            "WHERE id = ?",
            *id, message.createdMs, message.conversationId);
        if (current) {
            current = transaction->commit();
        }
        return current ? id : current.error();
    }

    Result<void> updateMessage(const MessageRecord& message) override {
        Result<Statement> statement = m_database.prepare(
            "UPDATE messages SET text = ?, thoughts = ?, state = ?, error = ?, model_name = ?, "
            "provenance_json = ?, metrics_json = ? WHERE id = ?");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, message.text);
        statement->bind(2, message.thoughts);
        statement->bind(3, stateName(message.state));
        statement->bind(4, message.error);
        statement->bind(5, message.modelName);
        statement->bind(6, message.provenanceJson);
        statement->bind(7, message.metricsJson);
        statement->bind(8, message.id);
        return changeOne(*statement, "message", message.id);
    }

    Result<std::vector<DraftRecord>> drafts() override {
        Result<Statement> statement = m_database.prepare(
            "SELECT conversation_id, text, edited_message, edit_text FROM drafts "
            "WHERE conversation_id = 0 OR conversation_id IN "
            "(SELECT id FROM conversations WHERE deleted_ms IS NULL) ORDER BY conversation_id");
        if (!statement) {
            return statement.error();
        }
        return readAll(*statement, draftOf);
    }

    Result<void> keepDraft(const DraftRecord& draft) override {
        if (draft.isEmpty()) {
            return m_database.run("DELETE FROM drafts WHERE conversation_id = ?",
                                  draft.conversationId);
        }
        Result<Statement> statement = m_database.prepare(
            "INSERT OR REPLACE INTO drafts (conversation_id, text, edited_message, edit_text) "
            "VALUES (?, ?, ?, ?)");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, draft.conversationId);
        statement->bind(2, draft.text);
        statement->bind(3, draft.editedMessage);
        statement->bind(4, draft.editText);
        const Result<bool> done = statement->step();
        return done ? Result<void>() : done.error();
    }

    Result<int> markInterrupted() override {
        Result<void> marked =
            m_database.run("UPDATE messages SET state = 'interrupted' WHERE state = 'partial'");
        if (!marked) {
            return marked.error();
        }
        return m_database.changes();
    }

private:
    Result<qint64> insertMessage(const MessageRecord& message) {
        Result<Statement> statement = m_database.prepare(
            "INSERT INTO messages (conversation_id, parent_id, role, text, thoughts, state, error, "
            "created_ms, model_name, provenance_json, metrics_json) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (!statement) {
            return statement.error();
        }
        statement->bind(1, message.conversationId);
        bindReference(*statement, 2, message.parentId);
        statement->bind(3, QString::fromLatin1(roleName(message.role)));
        statement->bind(4, message.text);
        statement->bind(5, message.thoughts);
        statement->bind(6, stateName(message.state));
        statement->bind(7, message.error);
        statement->bind(8, message.createdMs);
        statement->bind(9, message.modelName);
        statement->bind(10, message.provenanceJson);
        statement->bind(11, message.metricsJson);
        if (Result<bool> done = statement->step(); !done) {
            return done.error();
        }
        return m_database.lastInsertId();
    }

    Result<void> changeOne(Statement& statement, const char* what, qint64 id) {
        if (Result<bool> done = statement.step(); !done) {
            return done.error();
        }
        if (m_database.changes() == 0) {
            return Error{ErrorCode::invalidRequest, m_database.fileName() + ": there is no " +
                                                        what + " " + std::to_string(id) + "."};
        }
        return {};
    }

    Database m_database;
};

Result<void> checkStructure(Database& database) {
    Result<Statement> check = database.prepare("PRAGMA quick_check(1)");
    if (!check) {
        return check.error();
    }
    Result<bool> row = check->step();
    if (!row) {
        return row.error();
    }
    const QString finding = check->text(0);
    if (finding != QStringLiteral("ok")) {
        return Error{ErrorCode::fileCorrupt, database.fileName() + ": the file is damaged (" +
                                                 finding.simplified().toStdString() + ")."};
    }
    return {};
}

// The database as the program uses it. Errors: fileCorrupt where it should be salvaged.
Result<Database> openDatabase(const HistoryOptions& options) {
    const QFileInfo file(options.path);
    if (!file.exists() && options.path != QLatin1String(kInMemory)) {
        if (Result<void> created = createHistory(options.path, options.migrations); !created) {
            return created.error();
        }
    }
    if (file.exists() && file.size() == 0) {
        return Error{ErrorCode::fileCorrupt,
                     file.fileName().toStdString() + ": the file is empty."};
    }
    Result<Database> database = Database::open(options.path);
    if (!database) {
        return database;
    }
    Result<int> version = schemaVersion(*database);
    if (!version) {
        return version.error();
    }
    const int newest = options.migrations.empty() ? 0 : options.migrations.back().version;
    if (*version > newest) {
        return Error{ErrorCode::unsupported,
                     database->fileName() +
                         ": the history was written by a newer Apertura "
                         "(version " +
                         std::to_string(*version) + ", this program reads up to " +
                         std::to_string(newest) + "); it was left as it is."};
    }
    Result<void> ready = checkStructure(*database);
    if (ready) {
        ready = database->configure();
    }
    if (ready) {
        ready = migrate(*database, options.migrations);
    }
    return ready ? std::move(database) : ready.error();
}

QString noticeOf(const QString& path, const Salvaged& salvaged) {
    return QStringLiteral(
               "%1 was damaged: %2 conversations and %3 messages were rescued, and the damaged "
               "file is kept as %4.")
        .arg(QFileInfo(path).fileName())
        .arg(salvaged.conversations)
        .arg(salvaged.messages)
        .arg(salvaged.keptAs);
}

}  // namespace

Result<OpenedHistory> openHistory(const HistoryOptions& options) {
    const qint64 nowMs = options.nowMs ? options.nowMs() : QDateTime::currentMSecsSinceEpoch();
    if (Result<void> finished = finishSalvage(options.path, nowMs); !finished) {
        return finished.error();
    }
    OpenedHistory opened;
    Result<Database> database = openDatabase(options);
    if (!database && database.error().code == ErrorCode::fileCorrupt) {
        Result<Salvaged> salvaged = salvageHistory(options.path, options.migrations, nowMs);
        if (!salvaged) {
            return salvaged.error();
        }
        opened.notices.append(noticeOf(options.path, *salvaged));
        database = openDatabase(options);
    }
    if (!database) {
        return database.error();
    }
    opened.store = std::make_unique<SqliteHistoryStore>(std::move(*database));
    return opened;
}

}  // namespace apertura
