#include "ui/view_models/link_request.h"

#include <QClipboard>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QUrl>

namespace apertura {

void LinkRequest::ask(const QString& address) {
    const QUrl url(address, QUrl::StrictMode);
    const bool isWeb =
        url.scheme() == QLatin1String("http") || url.scheme() == QLatin1String("https");
    if (url.isValid() && isWeb && !url.host().isEmpty()) {
        m_address = QString::fromLatin1(url.toEncoded());
        Q_EMIT changed();
    }
}

void LinkRequest::open() {
    const QUrl url(m_address, QUrl::StrictMode);
    dismiss();
    QDesktopServices::openUrl(url);
}

void LinkRequest::copy() {
    QGuiApplication::clipboard()->setText(m_address);
    dismiss();
}

void LinkRequest::dismiss() {
    m_address.clear();
    Q_EMIT changed();
}

}  // namespace apertura
