#include "inference/text/template/builtins.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>

namespace apertura::jinja {

namespace {

using Registry = std::map<std::string_view, const Builtin*, std::less<>>;

Registry registryOf(std::initializer_list<const Builtins*> tables) {
    Registry registry;
    for (const Builtins* table : tables) {
        for (const Builtin& builtin : *table) {
            registry.emplace(builtin.name, &builtin);
        }
    }
    return registry;
}

const Builtin* findIn(const Registry& registry, std::string_view name) {
    const auto found = registry.find(name);
    return found == registry.end() ? nullptr : found->second;
}

}  // namespace

const Builtin* findFilter(std::string_view name) {
    static const Registry registry = registryOf({&textFilters(), &layoutFilters(), &numberFilters(),
                                                 &sequenceFilters(), &selectionFilters()});
    return findIn(registry, name);
}

const Builtin* findTest(std::string_view name) {
    static const Registry registry = registryOf({&valueTests()});
    return findIn(registry, name);
}

const Builtin* findGlobal(std::string_view name) {
    static const Registry registry = registryOf({&globalFunctions()});
    return findIn(registry, name);
}

const Builtin* findMethod(const Value& receiver, std::string_view name) {
    static const Registry ofTexts = registryOf({&textMethods(), &textPartMethods()});
    static const Registry ofDicts = registryOf({&dictMethods()});
    static const Registry ofLists = registryOf({&listMethods()});
    static const Registry ofTuples = registryOf({&tupleMethods()});
    switch (receiver.kind()) {
        case Kind::text:
            return findIn(ofTexts, name);
        case Kind::dict:
            return findIn(ofDicts, name);
        case Kind::list:
            return findIn(ofLists, name);
        case Kind::tuple:
        case Kind::range:
            return findIn(ofTuples, name);
        default:
            return nullptr;
    }
}

bool isUnsafeAttribute(const Value& receiver, std::string_view name) {
    static constexpr std::string_view kOfLists[] = {"append", "clear",  "extend",  "insert",
                                                    "pop",    "remove", "reverse", "sort"};
    static constexpr std::string_view kOfDicts[] = {"clear", "pop", "popitem", "setdefault",
                                                    "update"};
    static constexpr std::string_view kOfAll[] = {
        "__class__",  "__doc__",          "__init__", "__new__", "__dir__",
        "__eq__",     "__hash__",         "__repr__", "__str__", "__reduce__",
        "__format__", "__getattribute__", "__add__",  "__len__"};
    const auto isIn = [name](const auto& names) {
        return std::find(std::begin(names), std::end(names), name) != std::end(names);
    };
    return isIn(kOfAll) || (receiver.is(Kind::list) && isIn(kOfLists)) ||
           (receiver.is(Kind::dict) && isIn(kOfDicts));
}

}  // namespace apertura::jinja
