// Methods of dicts, lists, tuples and ranges that change nothing.
#include "inference/text/template/filter_support.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

namespace {

template <ViewOf what>
Value view(Interpreter& interpreter, Bound& arguments) {
    auto object = makeObject<ViewObject>(interpreter.budget());
    deepen(*object, arguments.at(0));
    object->dict = arguments.at(0);
    object->what = what;
    return {Kind::view, std::move(object)};
}

Value get(Interpreter&, Bound& arguments) {
    requireHashable(arguments.at(1));
    const Value* found = arguments.at(0).as<DictObject>().find(arguments.at(1));
    return found != nullptr ? *found : arguments.valueOr(2, Value::none());
}

// Values never change, so a copy may be the value itself.
Value copy(Interpreter&, Bound& arguments) {
    return arguments.at(0);
}

Value count(Interpreter& interpreter, Bound& arguments) {
    std::int64_t times = 0;
    for (const Value& item : interpreter.collect(arguments.at(0))) {
        times += equal(interpreter.budget(), item, arguments.at(1)) ? 1 : 0;
    }
    return Value::integer(times);
}

Value index(Interpreter& interpreter, Bound& arguments) {
    const std::vector<Value> items = interpreter.collect(arguments.at(0));
    const auto size = static_cast<std::int64_t>(items.size());
    const auto bound = [&](std::size_t parameter, std::int64_t otherwise) {
        const std::int64_t given = arguments.integer(parameter, otherwise);
        return given < 0 ? std::max<std::int64_t>(given < -size ? 0 : given + size, 0) : given;
    };
    const std::int64_t end = std::min(bound(3, size), size);
    for (std::int64_t i = bound(2, 0); i < end; ++i) {
        if (equal(interpreter.budget(), items[static_cast<std::size_t>(i)], arguments.at(1))) {
            return Value::integer(i);
        }
    }
    fail(toRepr(interpreter.budget(), arguments.at(1)) + " is not in the list");
}

}  // namespace

const Builtins& dictMethods() {
    static const Builtins table = {
        {"keys", view<ViewOf::keys>, {"self"}},
        {"values", view<ViewOf::values>, {"self"}},
        {"items", view<ViewOf::items>, {"self"}},
        {"get", get, {"self", "key", "default?"}},
        {"copy", copy, {"self"}},
    };
    return table;
}

const Builtins& listMethods() {
    static const Builtins table = {
        {"count", count, {"self", "value"}},
        {"index", index, {"self", "value", "start?", "stop?"}},
        {"copy", copy, {"self"}},
    };
    return table;
}

const Builtins& tupleMethods() {
    static const Builtins table = {
        {"count", count, {"self", "value"}},
        {"index", index, {"self", "value", "start?", "stop?"}},
    };
    return table;
}

}  // namespace apertura::jinja
