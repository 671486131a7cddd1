// Runs the cases of a test as rows of Qt Test.
#include <QTest>

#include "tests/support/cases.h"

namespace {

class CaseTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void run_data() {
        QTest::addColumn<int>("index");
        const auto all = apertura::test::cases();
        for (int i = 0; i < static_cast<int>(all.size()); ++i) {
            QTest::newRow(all[static_cast<std::size_t>(i)].name.c_str()) << i;
        }
    }
    void run() {
        QFETCH(int, index);
        apertura::test::Findings findings;
        apertura::test::cases().at(static_cast<std::size_t>(index)).run(findings);
        for (const auto& note : findings.notes()) {
            qInfo("%s", note.c_str());
        }
        if (!findings.failures().empty()) {
            std::string text;
            for (const auto& failure : findings.failures()) {
                text += failure + "\n";
            }
            QFAIL(text.c_str());
        }
        if (!findings.skipReason().empty()) {
            QSKIP(findings.skipReason().c_str());
        }
    }
};

}  // namespace

QTEST_APPLESS_MAIN(CaseTest)
#include "qt_case_main.moc"
