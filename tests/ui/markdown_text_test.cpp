// An answer's text as blocks: what is read, what stays visible, and that streaming changes nothing.
#include "ui/view_models/markdown_text.h"

#include <QTest>

#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

const char* const kEverything = R"(# Title

First *paragraph* with **bold**, `code` and [a link](https://example.org).
Second line.

1. one
2. two

   more of two

   ```python
   print("in a list")

   print("after a blank line")
   ```

- [x] done
- [ ] open
  - nested

> A quote
>
> > deeper

| A | B |
| --- | --- |
| 1 | **2** |
| ٣ | ٤ |

```c
int x = 1;

// a blank line above
```

---

[1]: https://example.org/reference

ما عملة هذا البلد: روسيا؟ `std::vector<int>`

<img src=http://example.org/x.png> and <think>visible</think>

The end.)";

QString textOf(const QVector<MessageBlock>& blocks) {
    QStringList all;
    for (const MessageBlock& block : blocks) {
        all.append(block.run.plainText());
        for (const TableCell& cell : block.table.cells) {
            all.append(cell.run.plainText());
        }
    }
    return all.join(u'\n');
}

class MarkdownTextTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void streamingGivesTheSameBlocksAsTheWholeText();
    void finishedPartsAreNotParsedAgain();
    void htmlStaysVisibleAsText_data();
    void htmlStaysVisibleAsText();
    void imagesBecomeTextWithTheirAddress();
    void onlyWebAddressesBecomeLinks();
    void referenceDefinitionsDoNotVanish();
    void listsKeepTheirNumbersAndDepth();
    void codeKeepsLanguageAndLines();
    void tablesHaveHeaderAndCells();
    void directionIsTheMajorityOutsideCode();
    void aPersonsTextIsNotInterpreted();
    void oddTextIsReadWithoutLoss_data();
    void oddTextIsReadWithoutLoss();
};

void MarkdownTextTest::streamingGivesTheSameBlocksAsTheWholeText() {
    const QString text = QString::fromUtf8(kEverything);
    MarkdownStream stream;
    for (qsizetype length = 0; length <= text.size(); ++length) {
        const QString shown = text.left(length);
        QCOMPARE(stream.blocks(shown) == markdownBlocks(shown), true);
    }
}

void MarkdownTextTest::finishedPartsAreNotParsedAgain() {
    constexpr int kParagraphs = 200;
    MarkdownStream stream;
    QString text;
    for (int i = 0; i < kParagraphs; ++i) {
        text += QStringLiteral("Paragraph %1 of many.\n\n").arg(i);
        stream.blocks(text);
    }
    // Each paragraph once, plus at most once more when the blank line after it arrives.
    QVERIFY2(stream.parsedParts() <= 2 * kParagraphs,
             qPrintable(QString::number(stream.parsedParts())));
}

void MarkdownTextTest::htmlStaysVisibleAsText_data() {
    QTest::addColumn<QString>("html");
    for (const char* html : {"<img src=\"http://example.org/x.png\">", "<script>alert(1)</script>",
                             "use std::vector<int> and <think>this</think>", "<table><tr><td>x",
                             "<a href=\"file:///etc/passwd\">x</a>", "<!-- hidden -->",
                             "<style>body{}</style>", "<b>bold</b>"}) {
        QTest::newRow(html) << QString::fromLatin1(html);
    }
}

void MarkdownTextTest::htmlStaysVisibleAsText() {
    QFETCH(QString, html);
    QCOMPARE(textOf(markdownBlocks(html)), html);
}

void MarkdownTextTest::imagesBecomeTextWithTheirAddress() {
    QCOMPARE(textOf(markdownBlocks(QStringLiteral("![a cat](http://example.org/cat.png)"))),
             QStringLiteral("a cat (http://example.org/cat.png)"));
}

void MarkdownTextTest::onlyWebAddressesBecomeLinks() {
    const auto linkOf = [](const char* text) {
        return markdownBlocks(QString::fromLatin1(text))[0].run.paragraphs[0].spans[0].link;
    };
    QCOMPARE(linkOf("[x](https://example.org/a)"), QStringLiteral("https://example.org/a"));
    QCOMPARE(linkOf("[x](javascript:alert(1))"), QString());
    QCOMPARE(linkOf("[x](file:///etc/passwd)"), QString());
    QCOMPARE(linkOf("[x](qrc:/qt/qml/Apertura/Main.qml)"), QString());
}

void MarkdownTextTest::referenceDefinitionsDoNotVanish() {
    QCOMPARE(textOf(markdownBlocks(QStringLiteral("See [1].\n\n[1]: https://example.org"))),
             QStringLiteral("See [1].\n[1]: https://example.org"));
}

void MarkdownTextTest::listsKeepTheirNumbersAndDepth() {
    const auto blocks =
        markdownBlocks(QStringLiteral("7. seven\n8. eight\n   - inner\n\n     more"));
    QCOMPARE(blocks.size(), 1);
    const auto& paragraphs = blocks[0].run.paragraphs;
    QCOMPARE(paragraphs.size(), 4);
    QCOMPARE(paragraphs[0].marker, QStringLiteral("7."));
    QCOMPARE(paragraphs[1].marker, QStringLiteral("8."));
    QCOMPARE(paragraphs[2].listDepth, 2);
    QCOMPARE(paragraphs[3].marker, QString());
    QCOMPARE(paragraphs[3].listDepth, 2);
}

void MarkdownTextTest::codeKeepsLanguageAndLines() {
    const auto blocks = markdownBlocks(QStringLiteral("```cpp\nint a;\n\n  int b;\n```"));
    QCOMPARE(blocks.size(), 1);
    QCOMPARE(blocks[0].kind, MessageBlock::Kind::code);
    QCOMPARE(blocks[0].language, QStringLiteral("cpp"));
    QCOMPARE(blocks[0].run.plainText(), QStringLiteral("int a;\n\n  int b;"));
    // An open fence is code already while it streams.
    QCOMPARE(markdownBlocks(QStringLiteral("```\n<b>"))[0].kind, MessageBlock::Kind::code);
}

void MarkdownTextTest::tablesHaveHeaderAndCells() {
    const auto blocks = markdownBlocks(QStringLiteral("| A | B |\n|---|---|\n| 1 | <i>2</i> |"));
    QCOMPARE(blocks.size(), 1);
    QCOMPARE(blocks[0].table.columns, 2);
    QCOMPARE(blocks[0].table.cells.size(), 4);
    QVERIFY(blocks[0].table.cells[0].isHeader);
    QVERIFY(!blocks[0].table.cells[3].isHeader);
    QCOMPARE(blocks[0].table.cells[3].run.plainText(), QStringLiteral("<i>2</i>"));
}

void MarkdownTextTest::directionIsTheMajorityOutsideCode() {
    QVERIFY(isRightToLeft(QStringLiteral("API مرحبا بكم")));
    QVERIFY(!isRightToLeft(QStringLiteral("the word مرحبا in English")));
    QVERIFY(!isRightToLeft(QStringLiteral("123 !?")));
    const auto blocks =
        markdownBlocks(QStringLiteral("استعمل `a_very_long_identifier_of_code`\n\nEnglish"));
    QVERIFY(blocks[0].run.paragraphs[0].rightToLeft);
    QVERIFY(!blocks[0].run.paragraphs[1].rightToLeft);
}

void MarkdownTextTest::aPersonsTextIsNotInterpreted() {
    const QString text = QStringLiteral("**not bold** <b>x</b>\n# no heading");
    QCOMPARE(textOf(plainTextBlocks(text)), text);
}

void MarkdownTextTest::oddTextIsReadWithoutLoss_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("shown");
    QTest::newRow("empty") << QString() << QString();
    QTest::newRow("entity") << QStringLiteral("a &amp; b &#x41; &unknown;")
                            << QStringLiteral("a & b A &unknown;");
    QTest::newRow("emoji") << QStringLiteral("👩‍👩‍👧‍👦 🇨🇭")
                           << QStringLiteral("👩‍👩‍👧‍👦 🇨🇭");
    QTest::newRow("maths") << QStringLiteral("$a_1 * b_1 * c$")
                           << QStringLiteral("$a_1 * b_1 * c$");
    QTest::newRow("prices") << QStringLiteral("from $5 to $6") << QStringLiteral("from $5 to $6");
    QTest::newRow("indented") << QStringLiteral("    a poem\n    of two")
                              << QStringLiteral("a poem\u2028of two");
    QTest::newRow("empty item") << QStringLiteral("- \n- b") << QStringLiteral("• \n• b");
}

void MarkdownTextTest::oddTextIsReadWithoutLoss() {
    QFETCH(QString, source);
    QFETCH(QString, shown);
    QCOMPARE(textOf(markdownBlocks(source)), shown);
}

}  // namespace
}  // namespace apertura

QTEST_APPLESS_MAIN(apertura::MarkdownTextTest)
#include "markdown_text_test.moc"
