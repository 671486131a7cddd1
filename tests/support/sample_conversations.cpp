// The conversations that screenshots and window tests show: four scripts, every kind of block.
#include "tests/support/fake_chat_service.h"

namespace apertura::test {
namespace {

const char* const kGermanAnswer = R"(Die **Wochentage** auf Rätoromanisch:

1. glindesdi
2. mardi
3. mesemna
4. gievgia
5. venderdi
6. sonda
7. dumengia

## Und als Tabelle

| Deutsch | Rätoromanisch |
| --- | --- |
| Montag | glindesdi |
| Dienstag | mardi |
| Mittwoch | mesemna |

> Rätoromanisch ist eine der vier Landessprachen der Schweiz.

Ein langes Wort: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.
Mehr dazu auf https://www.admin.ch.)";

const char* const kArabicAnswer = R"(العملة هي **روبل روسي** (RUB).

استعمل الدالة `printf("%d", value)` في لغة C لطباعة الرقم، مثل هذا:

```c
int main(void) {
    printf("%d\n", 42);  // prints the number
    return 0;
}
```

- الاثنين
- الثلاثاء
- API مرحبا بكم في عالم البرمجة)";

const char* const kHindiAnswer = R"(फ़्रेंच में 40 को **quarante** लिखते हैं।

1. सोमवार
2. मंगलवार
3. बुधवार)";

const char* const kChineseAnswer = R"(波斯语的月份：

1. ژانویه
2. فوریه
3. مارس
4. آوریل

这是**伊朗**使用的公历月份名称。😀👩‍👩‍👧‍👦🇨🇭)";

}  // namespace

void FakeChatService::addSampleConversations() {
    const qint64 first = addConversation(
        QStringLiteral("Wochentage auf Rätoromanisch"),
        {QStringLiteral("Nenne die Wochentage auf Rätoromanisch."),
         QString::fromUtf8(kGermanAnswer), QStringLiteral("ما عملة هذا البلد: روسيا؟"),
         QString::fromUtf8(kArabicAnswer)},
        0);
    addConversation(QStringLiteral("40 को फ़्रेंच में शब्दों में लिखो।"),
                    {QStringLiteral("40 को फ़्रेंच में शब्दों में लिखो।"), QString::fromUtf8(kHindiAnswer)},
                    0);
    addConversation(
        QStringLiteral("请用波斯语列出一年的月份。"),
        {QStringLiteral("请用波斯语列出一年的月份。"), QString::fromUtf8(kChineseAnswer)}, 1);
    addConversation(QStringLiteral("API مرحبا بكم في عالم البرمجة"),
                    {QStringLiteral("שלום! איך אומרים גרמניה בסינית?"),
                     QStringLiteral("בסינית אומרים **德国**.")},
                    1);
    addConversation(
        QStringLiteral("A very long title that does not fit into the panel at its usual width"),
        {QStringLiteral("9 + 0 bằng bao nhiêu?"), QStringLiteral("9 + 0 = **9**")}, 4);
    addConversation(QStringLiteral("สวัสดี!"),
                    {QStringLiteral("สวัสดี!"), QStringLiteral("สวัสดี! ฉันเป็นโมเดลสาธิตขนาดเล็ก")}, 20);
    openConversation(first);
}

}  // namespace apertura::test
