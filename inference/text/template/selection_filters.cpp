// map, select and their kind: lazy, as Python's generators are.
#include "inference/text/template/filter_support.h"
#include "inference/text/template/hosts.h"

namespace apertura::jinja {

namespace {

struct MapIterator : IteratorObject {
    std::shared_ptr<IteratorObject> source;
    AttributePath path;
    std::string filter;  // empty: the attribute
    Arguments arguments;

    bool next(Interpreter& interpreter, Value& item) override {
        Value given;
        if (!source->next(interpreter, given)) {
            return false;
        }
        interpreter.budget().step();
        if (filter.empty()) {
            item = path.read(interpreter, given);
            return true;
        }
        Arguments all = arguments;
        all.positional.insert(all.positional.begin(), std::move(given));
        item = interpreter.applyFilter(filter, std::move(all));
        return true;
    }
};

struct SelectIterator : IteratorObject {
    std::shared_ptr<IteratorObject> source;
    AttributePath path;
    std::string test;  // empty: the truth
    Arguments arguments;
    bool wanted = true;

    bool next(Interpreter& interpreter, Value& item) override {
        while (source->next(interpreter, item)) {
            interpreter.budget().step();
            Value given = path.read(interpreter, item);
            bool holds = isTrue(given);
            if (!test.empty()) {
                Arguments all = arguments;
                all.positional.insert(all.positional.begin(), std::move(given));
                holds = interpreter.applyTest(test, std::move(all));
            }
            if (holds == wanted) {
                return true;
            }
        }
        return false;
    }
};

template <typename T>
std::shared_ptr<T> makeLazy(Interpreter& interpreter, const Value& value,
                            const Arguments& arguments) {
    auto iterator = makeObject<T>(interpreter.budget());
    deepen(*iterator, value);
    for (const Value& argument : arguments.positional) {
        deepen(*iterator, argument);
    }
    for (const auto& [name, argument] : arguments.keywords) {
        deepen(*iterator, argument);
    }
    iterator->source = interpreter.iterate(value);
    return iterator;
}

// Takes the first argument as the name of a filter or test.
std::string takeName(Arguments& arguments, const char* what) {
    const Value name = arguments.positional.front();
    arguments.positional.erase(arguments.positional.begin());
    if (!name.is(Kind::text)) {
        fail(std::string("the name of a ") + what + " must be a text");
    }
    return name.text();
}

Value map(Interpreter& interpreter, Bound& bound) {
    if (!isTrue(bound.at(0))) {
        return makeIterator(interpreter.budget(), {});
    }
    Arguments& arguments = bound.rest();
    auto iterator = makeLazy<MapIterator>(interpreter, bound.at(0), arguments);
    if (arguments.positional.empty()) {
        std::optional<Value> attribute;
        std::optional<Value> otherwise;
        for (const auto& [name, value] : arguments.keywords) {
            if (name == "attribute") {
                attribute = value;
            } else if (name == "default") {
                otherwise = value.is(Kind::none) ? std::nullopt : std::optional<Value>(value);
            } else {
                fail("map takes no argument '" + name + "'");
            }
        }
        if (!attribute) {
            fail("map needs a filter or an attribute");
        }
        iterator->path = AttributePath(interpreter, *attribute, otherwise);
    } else {
        iterator->filter = takeName(arguments, "filter");
        iterator->arguments = arguments;
    }
    return {Kind::iterator, std::move(iterator)};
}

enum class Reads { item, attribute };
enum class Keeps { matching, others };

Value choose(Interpreter& interpreter, Bound& bound, Reads reads, Keeps keeps) {
    if (!isTrue(bound.at(0))) {
        return makeIterator(interpreter.budget(), {});
    }
    Arguments& arguments = bound.rest();
    auto iterator = makeLazy<SelectIterator>(interpreter, bound.at(0), arguments);
    iterator->wanted = keeps == Keeps::matching;
    if (reads == Reads::attribute) {
        if (arguments.positional.empty()) {
            fail("the name of the attribute is missing");
        }
        iterator->path = AttributePath(interpreter, arguments.positional.front());
        arguments.positional.erase(arguments.positional.begin());
    }
    if (!arguments.positional.empty()) {
        iterator->test = takeName(arguments, "test");
        iterator->arguments = arguments;
    }
    return {Kind::iterator, std::move(iterator)};
}

Value select(Interpreter& interpreter, Bound& bound) {
    return choose(interpreter, bound, Reads::item, Keeps::matching);
}

Value reject(Interpreter& interpreter, Bound& bound) {
    return choose(interpreter, bound, Reads::item, Keeps::others);
}

Value selectAttribute(Interpreter& interpreter, Bound& bound) {
    return choose(interpreter, bound, Reads::attribute, Keeps::matching);
}

Value rejectAttribute(Interpreter& interpreter, Bound& bound) {
    return choose(interpreter, bound, Reads::attribute, Keeps::others);
}

}  // namespace

const Builtins& selectionFilters() {
    static const Builtins table = {
        {"map", map, {"value", "*"}},
        {"select", select, {"value", "*"}},
        {"reject", reject, {"value", "*"}},
        {"selectattr", selectAttribute, {"value", "*"}},
        {"rejectattr", rejectAttribute, {"value", "*"}},
    };
    return table;
}

}  // namespace apertura::jinja
