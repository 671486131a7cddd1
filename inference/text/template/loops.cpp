#include <utility>

#include "inference/text/template/hosts.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

struct RangeIterator : IteratorObject {
    std::shared_ptr<Object> range;
    std::int64_t index = 0;
    bool next(Interpreter&, Value& item) override {
        const auto& source = static_cast<const RangeObject&>(*range);
        if (index >= source.length) {
            return false;
        }
        item = Value::integer(source.at(index++));
        return true;
    }
};

struct SequenceIterator : IteratorObject {
    Value sequence;
    std::size_t index = 0;
    bool next(Interpreter&, Value& item) override {
        if (index >= sequence.items().size()) {
            return false;
        }
        item = sequence.items()[index++];
        return true;
    }
};

struct CharacterIterator : IteratorObject {
    Value text;
    std::size_t position = 0;
    bool next(Interpreter& interpreter, Value& item) override {
        const std::string& source = text.text();
        if (position >= source.size()) {
            return false;
        }
        const std::size_t begin = position;
        unicode::next(source, position);
        item = interpreter.text(source.substr(begin, position - begin));
        return true;
    }
};

struct DictIterator : IteratorObject {
    Value dict;
    ViewOf what = ViewOf::keys;
    std::size_t index = 0;
    bool next(Interpreter& interpreter, Value& item) override {
        const auto& entries = dict.as<DictObject>().entries;
        if (index >= entries.size()) {
            return false;
        }
        const auto& [key, value] = entries[index++];
        item = what == ViewOf::keys     ? key
               : what == ViewOf::values ? value
                                        : makeTuple(interpreter.budget(), {key, value});
        return true;
    }
};

// The items that a loop's own `if` lets pass.
struct FilteredIterator : IteratorObject {
    std::shared_ptr<IteratorObject> source;
    const LoopStatement* loop = nullptr;
    ScopePtr scope;
    bool next(Interpreter& interpreter, Value& item) override {
        while (source->next(interpreter, item)) {
            interpreter.budget().step();
            if (interpreter.testLoopCondition(*loop, scope, item)) {
                return true;
            }
        }
        return false;
    }
};

template <typename T>
std::shared_ptr<T> iteratorOver(Budget& budget, const Value& value) {
    auto iterator = makeObject<T>(budget);
    deepen(*iterator, value);
    return iterator;
}

}  // namespace

std::shared_ptr<IteratorObject> Interpreter::iterate(const Value& value) {
    switch (value.kind()) {
        case Kind::iterator:
            return std::static_pointer_cast<IteratorObject>(value.object());
        case Kind::undefined:
            return makeObject<VectorIterator>(m_budget);
        case Kind::text: {
            auto iterator = iteratorOver<CharacterIterator>(m_budget, value);
            iterator->text = value;
            return iterator;
        }
        case Kind::list:
        case Kind::tuple: {
            auto iterator = iteratorOver<SequenceIterator>(m_budget, value);
            iterator->sequence = value;
            return iterator;
        }
        case Kind::dict:
        case Kind::view: {
            auto iterator = iteratorOver<DictIterator>(m_budget, value);
            iterator->dict = value.is(Kind::dict) ? value : value.as<ViewObject>().dict;
            iterator->what = value.is(Kind::dict) ? ViewOf::keys : value.as<ViewObject>().what;
            return iterator;
        }
        case Kind::range: {
            auto iterator = iteratorOver<RangeIterator>(m_budget, value);
            iterator->range = value.object();
            return iterator;
        }
        case Kind::none:
        case Kind::boolean:
        case Kind::integer:
        case Kind::real:
        case Kind::nameSpace:
        case Kind::host:
            break;
    }
    fail("a value of type " + typeName(value) + " cannot be iterated");
}

std::vector<Value> Interpreter::collect(const Value& value) {
    if (value.isSequence()) {
        m_budget.step(1 + value.items().size());
        return value.items();
    }
    const auto iterator = iterate(value);
    std::vector<Value> items;
    for (Value item; iterator->next(*this, item);) {
        m_budget.step();
        Budget::checkItems(items.size() + 1);
        items.push_back(item);
    }
    return items;
}

bool VectorIterator::next(Interpreter&, Value& item) {
    if (index >= items.size()) {
        return false;
    }
    item = std::move(items[index++]);
    return true;
}

Value makeIterator(Budget& budget, std::vector<Value> items) {
    auto iterator = makeObject<VectorIterator>(budget);
    Budget::checkItems(items.size());
    iterator->charge(budget, items.capacity() * sizeof(Value));
    for (const Value& item : items) {
        deepen(*iterator, item);
    }
    iterator->items = std::move(items);
    return {Kind::iterator, std::move(iterator)};
}

bool Interpreter::testLoopCondition(const LoopStatement& loop, const ScopePtr& scope,
                                    const Value& item) {
    const int line = std::exchange(m_line, loop.line);
    const ScopePtr inner = newScope(scope);
    assign(loop.target, item, *inner);
    const bool passes = isTrue(evaluate(*loop.condition, inner));
    m_line = line;
    return passes;
}

Interpreter::Flow Interpreter::executeLoop(const LoopStatement& statement, const ScopePtr& scope,
                                           const Value& sequence, int depth) {
    auto loop = makeObject<LoopObject>(m_budget);
    deepen(*loop, sequence);
    loop->statement = &statement;
    loop->level = depth;
    loop->iterator = iterate(sequence);
    if (statement.recursive) {
        keepScope(scope);
        loop->scope = scope;
    }
    if (statement.condition) {
        keepScope(scope);
        auto filtered = iteratorOver<FilteredIterator>(m_budget, sequence);
        filtered->source = loop->iterator;
        filtered->loop = &statement;
        filtered->scope = scope;
        loop->iterator = std::move(filtered);
    } else {
        loop->length = knownLength(sequence);
    }
    return runLoop(statement, scope, loop);
}

Interpreter::Flow Interpreter::runLoop(const LoopStatement& statement, const ScopePtr& scope,
                                       const std::shared_ptr<LoopObject>& loop) {
    const Value loopValue(Kind::host, loop);
    bool completed = false;
    while (loop->advance(*this)) {
        m_budget.step();
        m_line = statement.line;
        const ScopePtr inner = newScope(scope);
        if (m_loopName) {
            inner->variables.emplace_back(*m_loopName, loopValue);
        }
        assign(statement.target, *loop->current, *inner);
        const Flow flow = execute(statement.body, inner);
        if (flow == Flow::leaveLoop) {
            break;
        }
        completed = completed || flow == Flow::normal;
        m_line = statement.line;
    }
    // As in Jinja2, an item counts only if its body ran to the end: `break` and `continue` leave it
    // early.
    return completed ? Flow::normal : execute(statement.otherwise, newScope(scope));
}

Value Interpreter::runRecursiveLoop(LoopObject& outer, const Value& sequence) {
    const CallGuard guard(*this);
    const int line = m_line;
    TextBuilder captured(m_budget);
    TextBuilder* const output = std::exchange(m_output, &captured);
    executeLoop(*outer.statement, outer.scope, sequence, outer.level + 1);
    m_output = output;
    m_line = line;
    return text(captured.take());
}

bool LoopObject::peek(Interpreter& interpreter) {
    if (!following) {
        Value item;
        if (!iterator->next(interpreter, item)) {
            return false;
        }
        following = std::move(item);
    }
    return true;
}

bool LoopObject::advance(Interpreter& interpreter) {
    if (!peek(interpreter)) {
        return false;
    }
    previous = std::exchange(current, std::exchange(following, std::nullopt));
    ++index;
    return true;
}

std::int64_t LoopObject::findLength(Interpreter& interpreter) {
    if (length < 0) {
        auto rest = makeObject<VectorIterator>(interpreter.budget());
        for (Value item; iterator->next(interpreter, item);) {
            interpreter.budget().step();
            Budget::checkItems(rest->items.size() + 1);
            rest->items.push_back(item);
        }
        rest->charge(interpreter.budget(), rest->items.capacity() * sizeof(Value));
        length = index + 1 + (following ? 1 : 0) + static_cast<std::int64_t>(rest->items.size());
        iterator = std::move(rest);
    }
    return length;
}

bool LoopObject::attribute(Interpreter& interpreter, std::string_view name, Value& result) {
    const auto number = [&result](std::int64_t value) {
        result = Value::integer(value);
        return true;
    };
    if (name == "index") {
        return number(index + 1);
    }
    if (name == "index0") {
        return number(index);
    }
    if (name == "length") {
        return number(findLength(interpreter));
    }
    if (name == "revindex") {
        return number(findLength(interpreter) - index);
    }
    if (name == "revindex0") {
        return number(findLength(interpreter) - index - 1);
    }
    if (name == "depth") {
        return number(level + 1);
    }
    if (name == "depth0") {
        return number(level);
    }
    if (name == "first") {
        result = Value::boolean(index == 0);
    } else if (name == "last") {
        result = Value::boolean(!peek(interpreter));
    } else if (name == "previtem") {
        result = previous ? *previous : makeUndefined("there is no previous item");
    } else if (name == "nextitem") {
        result = peek(interpreter) ? *following : makeUndefined("there is no next item");
    } else if (name == "cycle" || name == "changed") {
        auto method = makeObject<LoopMethodObject>(interpreter.budget());
        method->method = name == "cycle" ? LoopMethod::cycle : LoopMethod::changed;
        method->loop = Value(Kind::host, shared_from_this());
        deepen(*method, method->loop);
        result = Value(Kind::host, std::move(method));
    } else {
        return false;
    }
    return true;
}

Value LoopObject::call(Interpreter& interpreter, Arguments& arguments) {
    if (!statement->recursive) {
        fail("only a loop marked 'recursive' can be called");
    }
    if (arguments.positional.size() != 1 || !arguments.keywords.empty()) {
        fail("loop() takes one sequence");
    }
    return interpreter.runRecursiveLoop(*this, arguments.positional[0]);
}

Value LoopMethodObject::call(Interpreter& interpreter, Arguments& arguments) {
    auto& object = loop.as<LoopObject>();
    if (method == LoopMethod::cycle) {
        if (arguments.positional.empty()) {
            fail("loop.cycle() takes at least one value");
        }
        return arguments
            .positional[static_cast<std::size_t>(object.index) % arguments.positional.size()];
    }
    const Value now = makeTuple(interpreter.budget(), arguments.positional);
    const bool changed = !object.changing || !equal(interpreter.budget(), *object.changing, now);
    if (!object.changing) {
        interpreter.keep(loop.object());
    }
    object.changing = now;
    return Value::boolean(changed);
}

}  // namespace apertura::jinja
