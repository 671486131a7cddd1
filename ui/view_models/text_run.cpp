#include "ui/view_models/text_run.h"

#include <QStringList>

namespace apertura {

QString TextRun::plainText() const {
    QStringList lines;
    for (const TextParagraph& paragraph : paragraphs) {
        QString line = paragraph.marker.isEmpty() ? QString() : paragraph.marker + QLatin1Char(' ');
        for (const TextSpan& span : paragraph.spans) {
            line += span.text;
        }
        lines.append(line);
    }
    return lines.join(QLatin1Char('\n'));
}

}  // namespace apertura
