// A start of the application with the data folder argv[1]: says "first" or "second" on standard
// output; the first stays until it is killed and says "raised" whenever it is asked to.
#include <cstdio>

#include <QCoreApplication>

#include "app/settings/single_instance.h"

int main(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    if (argc != 2) {
        return 2;
    }
    const auto say = [](const char* word) {
        std::puts(word);
        std::fflush(stdout);
    };
    apertura::SingleInstance instance(QString::fromLocal8Bit(argv[1]));
    QObject::connect(&instance, &apertura::SingleInstance::raiseRequested,
                     [say] { say("raised"); });
    const apertura::Result<bool> first = instance.acquire();
    if (!first) {
        say(first.error().message.c_str());
        return 1;
    }
    say(*first ? "first" : "second");
    return *first ? QCoreApplication::exec() : 0;
}
