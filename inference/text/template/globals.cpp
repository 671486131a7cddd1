// The functions that every template sees.
#include <ctime>
#include <locale.h>

#include "inference/text/template/filter_support.h"
#include "inference/text/template/hosts.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

namespace {

constexpr const char* kUnnamed = "()?";  // given by its place only: every name is a key

Value raiseException(Interpreter& interpreter, Bound& arguments) {
    fail(toText(interpreter.budget(), arguments.at(0)));
}

Value range(Interpreter&, Bound& arguments) {
    const bool single = !arguments.has(1);
    const std::int64_t start = single ? 0 : arguments.integer(0, 0);
    const std::int64_t stop = arguments.integer(single ? 0 : 1, 0);
    const std::int64_t step = arguments.integer(2, 1);
    if (step == 0) {
        fail("the step of range() cannot be zero");
    }
    return makeRange(start, stop, step);
}

void fill(Interpreter& interpreter, DictObject& dict, const Bound& arguments) {
    if (!arguments.has(0)) {
        return;
    }
    const Value& source = arguments.at(0);
    if (source.is(Kind::dict)) {
        for (const auto& [key, value] : source.as<DictObject>().entries) {
            dict.set(interpreter.budget(), key, value);
        }
        return;
    }
    for (const Value& pair : interpreter.collect(source)) {
        const std::vector<Value> parts = interpreter.collect(pair);
        if (parts.size() != 2) {
            fail("dict() needs pairs of a key and a value");
        }
        dict.set(interpreter.budget(), parts[0], parts[1]);
    }
}

Value dict(Interpreter& interpreter, Bound& arguments) {
    const auto result = makeDict(interpreter.budget());
    fill(interpreter, *result, arguments);
    for (const auto& [name, value] : arguments.rest().keywords) {
        result->set(interpreter.budget(), interpreter.text(name), value);
    }
    return dictValue(result);
}

Value nameSpace(Interpreter& interpreter, Bound& arguments) {
    const Value source = dict(interpreter, arguments);
    auto object = makeObject<NamespaceObject>(interpreter.budget());
    for (const auto& [key, value] : source.as<DictObject>().entries) {
        if (!key.is(Kind::text)) {
            continue;
        }
        if (key.text()[0] == '_') {
            fail("a namespace cannot store '" + key.text() + "', whose name begins with '_'");
        }
        object->members.emplace_back(key.text(), value);
    }
    interpreter.keep(object);
    return {Kind::nameSpace, std::move(object)};
}

struct CyclerObject : HostObject {
    std::vector<Value> items;
    std::size_t position = 0;
    std::weak_ptr<CyclerObject> self;

    std::string typeName() const override { return "Cycler"; }
    bool callable() const override { return false; }
    bool attribute(Interpreter& interpreter, std::string_view name, Value& result) override;
};

struct CyclerMethodObject : HostObject {
    std::shared_ptr<CyclerObject> cycler;
    bool resets = false;

    std::string typeName() const override { return "method"; }
    Value call(Interpreter&, Arguments& arguments) override {
        if (!arguments.positional.empty() || !arguments.keywords.empty()) {
            fail("a cycler's methods take no arguments");
        }
        if (resets) {
            cycler->position = 0;
            return Value::none();
        }
        const Value item = cycler->items[cycler->position];
        cycler->position = (cycler->position + 1) % cycler->items.size();
        return item;
    }
};

bool CyclerObject::attribute(Interpreter& interpreter, std::string_view name, Value& result) {
    if (name == "current") {
        result = items[position];
        return true;
    }
    if (name != "next" && name != "reset") {
        return false;
    }
    auto method = makeObject<CyclerMethodObject>(interpreter.budget());
    method->resets = name == "reset";
    method->depth = depth;
    method->cycler = self.lock();
    result = Value(Kind::host, std::move(method));
    return true;
}

Value cycler(Interpreter& interpreter, Bound& arguments) {
    auto object = makeObject<CyclerObject>(interpreter.budget());
    object->items = arguments.rest().positional;
    if (object->items.empty() || !arguments.rest().keywords.empty()) {
        fail("cycler() takes at least one value");
    }
    for (const Value& item : object->items) {
        deepen(*object, item);
    }
    object->self = object;
    return {Kind::host, std::move(object)};
}

struct JoinerObject : HostObject {
    Value separator;
    bool used = false;

    std::string typeName() const override { return "Joiner"; }
    Value call(Interpreter& interpreter, Arguments& arguments) override {
        if (!arguments.positional.empty() || !arguments.keywords.empty()) {
            fail("a joiner takes no arguments");
        }
        return std::exchange(used, true) ? separator : interpreter.text("");
    }
};

Value joiner(Interpreter& interpreter, Bound& arguments) {
    auto object = makeObject<JoinerObject>(interpreter.budget());
    object->separator = arguments.valueOr(0, interpreter.text(", "));
    deepen(*object, object->separator);
    return {Kind::host, std::move(object)};
}

// The day given, at midnight, or the present.
std::tm timeOf(const std::string& date) {
    std::tm time{};
    if (date.empty()) {
        const std::time_t now = std::time(nullptr);
        localtime_r(&now, &time);
        return time;
    }
    const bool shaped = date.size() == 10 && date[4] == '-' && date[7] == '-';
    if (!shaped || date.find_first_not_of("0123456789-") != std::string::npos) {
        fail("the variable 'date' must be an ISO day such as 2026-11-21");
    }
    time.tm_year = std::atoi(date.substr(0, 4).c_str()) - 1900;
    time.tm_mon = std::atoi(date.substr(5, 2).c_str()) - 1;
    time.tm_mday = std::atoi(date.substr(8, 2).c_str());
    // timegm completes the day of the week and of the year, and moves a day that does not exist.
    std::tm normal = time;
    timegm(&normal);
    if (normal.tm_mon != time.tm_mon || normal.tm_mday != time.tm_mday) {
        fail("the variable 'date' is no day of the calendar");
    }
    return normal;
}

// One directive at a time, in the C locale whatever the program's.
Value strftimeNow(Interpreter& interpreter, Bound& arguments) {
    const std::string& format = arguments.text(0);
    const std::tm time = timeOf(interpreter.environment().date);
    const std::unique_ptr<std::remove_pointer_t<locale_t>, decltype(&freelocale)> locale(
        newlocale(LC_ALL_MASK, "C", nullptr), &freelocale);
    TextBuilder out(interpreter.budget());
    for (std::size_t position = 0; position < format.size();) {
        const std::size_t mark = std::min(format.find('%', position), format.size());
        out.append(std::string_view(format).substr(position, mark - position));
        if (mark == format.size()) {
            break;
        }
        std::size_t end = mark + 1;
        while (end < format.size() &&
               std::string_view("-_0^#EO").find(format[end]) != std::string_view::npos) {
            ++end;
        }
        end = std::min(end + 1, format.size());
        const std::string directive = format.substr(mark, end - mark);
        char buffer[256];
        if (directive.back() == 'f') {
            out.append("000000");
        } else {
            out.append(std::string_view(
                buffer,
                strftime_l(buffer, sizeof(buffer), directive.c_str(), &time, locale.get())));
        }
        position = end;
    }
    return interpreter.text(out.take());
}

}  // namespace

const Builtins& globalFunctions() {
    static const Builtins table = {
        {"raise_exception", raiseException, {"message"}},
        {"strftime_now", strftimeNow, {"format"}},
        {"range", range, {"start", "stop?", "step?"}},
        {"dict", dict, {kUnnamed, "*"}},
        {"namespace", nameSpace, {kUnnamed, "*"}},
        {"cycler", cycler, {"*"}},
        {"joiner", joiner, {"sep?"}},
    };
    return table;
}

}  // namespace apertura::jinja
