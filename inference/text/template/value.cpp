#include "inference/text/template/value.h"

#include <algorithm>

#include "inference/text/template/operations.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

constexpr std::size_t kFewEntries = 8;
constexpr std::size_t kEntryBytes = 160;  // of a dict: key, value and the index's node

Value makeSequence(Budget& budget, Kind kind, std::vector<Value> items) {
    Budget::checkItems(items.size());
    auto object = makeObject<ListObject>(budget);
    object->charge(budget, items.capacity() * sizeof(Value));
    object->hashable = kind == Kind::tuple;
    for (const Value& item : items) {
        deepen(*object, item);
        object->hashable = object->hashable && isHashable(item);
    }
    object->items = std::move(items);
    budget.step(1 + object->items.size() / 4);
    return {kind, std::move(object)};
}

}  // namespace

Object::~Object() {
    if (m_budget != nullptr) {
        m_budget->release(m_bytes);
    }
}

void Object::charge(Budget& budget, std::size_t bytes) {
    budget.reserve(bytes);
    m_budget = &budget;
    m_bytes += bytes;
}

Value Value::boolean(bool value) {
    Value result(Kind::boolean);
    result.m_integer = value ? 1 : 0;
    return result;
}

Value Value::integer(std::int64_t value) {
    Value result(Kind::integer);
    result.m_integer = value;
    return result;
}

Value Value::real(double value) {
    Value result(Kind::real);
    result.m_real = value;
    return result;
}

bool Value::isNumber() const {
    return isIntegral() || m_kind == Kind::real;
}

const std::vector<Value>& Value::items() const {
    return as<ListObject>().items;
}

std::size_t DictObject::indexOf(const Value& key) const {
    if (m_index.empty()) {
        const auto less = m_index.key_comp();
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (!less(entries[i].first, key) && !less(key, entries[i].first)) {
                return i;
            }
        }
        return entries.size();
    }
    const auto found = m_index.find(key);
    return found == m_index.end() ? entries.size() : found->second;
}

const Value* DictObject::find(const Value& key) const {
    const std::size_t index = indexOf(key);
    return index == entries.size() ? nullptr : &entries[index].second;
}

const Value* DictObject::find(std::string_view key) const {
    if (!m_index.empty()) {
        return find(makeConstantText(std::string(key)));
    }
    for (const auto& [candidate, value] : entries) {
        if (candidate.is(Kind::text) && candidate.text() == key) {
            return &value;
        }
    }
    return nullptr;
}

void DictObject::set(Budget& budget, const Value& key, const Value& value) {
    requireHashable(key);
    deepen(*this, key);
    deepen(*this, value);
    const std::size_t index = indexOf(key);
    if (index < entries.size()) {
        entries[index].second = value;
        return;
    }
    Budget::checkItems(index + 1);
    charge(budget, kEntryBytes);
    entries.emplace_back(key, value);
    if (!m_index.empty()) {
        m_index.emplace(key, index);
    } else if (entries.size() > kFewEntries) {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            m_index.emplace(entries[i].first, i);
        }
    }
}

const Value* NamespaceObject::find(std::string_view name) const {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.first == name; });
    return found == members.end() ? nullptr : &found->second;
}

bool HostObject::attribute(Interpreter&, std::string_view, Value&) {
    return false;
}

Value HostObject::call(Interpreter&, Arguments&) {
    fail("'" + typeName() + "' object is not callable");
}

Value makeUndefined(std::string message) {
    auto object = std::make_shared<UndefinedObject>();
    object->message = std::move(message);
    return {Kind::undefined, std::move(object)};
}

Value makeText(Budget& budget, std::string text, bool safe) {
    Budget::checkText(text.size());
    budget.stepText(text.size());
    auto object = makeObject<TextObject>(budget);
    object->charge(budget, text.size());
    object->length = unicode::count(text);
    object->text = std::move(text);
    object->safe = safe;
    return {Kind::text, std::move(object)};
}

Value makeConstantText(std::string text) {
    auto object = std::make_shared<TextObject>();
    object->length = unicode::count(text);
    object->text = std::move(text);
    return {Kind::text, std::move(object)};
}

Value makeList(Budget& budget, std::vector<Value> items) {
    return makeSequence(budget, Kind::list, std::move(items));
}

Value makeTuple(Budget& budget, std::vector<Value> items) {
    return makeSequence(budget, Kind::tuple, std::move(items));
}

std::shared_ptr<DictObject> makeDict(Budget& budget) {
    auto dict = std::make_shared<DictObject>(budget);
    dict->charge(budget, sizeof(DictObject) + 32);
    return dict;
}

Value dictValue(std::shared_ptr<DictObject> dict) {
    return {Kind::dict, std::move(dict)};
}

Value makeRange(std::int64_t start, std::int64_t stop, std::int64_t step) {
    // Unsigned: the distance of two integers may not fit a signed one.
    const bool forward = step > 0;
    const bool empty = forward ? start >= stop : start <= stop;
    const auto a = static_cast<std::uint64_t>(forward ? start : stop);
    const auto b = static_cast<std::uint64_t>(forward ? stop : start);
    const std::uint64_t stride =
        forward ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
    const std::uint64_t length = empty ? 0 : (b - a - 1) / stride + 1;
    if (length > static_cast<std::uint64_t>(kMaxRange)) {
        fail("range() is longer than " + std::to_string(kMaxRange));
    }
    auto range = std::make_shared<RangeObject>();
    range->start = start;
    range->stop = stop;
    range->step = step;
    range->length = static_cast<std::int64_t>(length);
    return {Kind::range, std::move(range)};
}

void deepen(Object& object, const Value& part) {
    if (part.depth() >= kMaxNesting) {
        fail("values are nested more than " + std::to_string(kMaxNesting) + " deep");
    }
    object.depth = std::max(object.depth, part.depth() + 1);
}

std::string typeName(const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
            return "Undefined";
        case Kind::none:
            return "NoneType";
        case Kind::boolean:
            return "bool";
        case Kind::integer:
            return "int";
        case Kind::real:
            return "float";
        case Kind::text:
            return value.textObject().safe ? "Markup" : "str";
        case Kind::list:
            return "list";
        case Kind::tuple:
            return "tuple";
        case Kind::dict:
            return "dict";
        case Kind::view: {
            const ViewOf what = value.as<ViewObject>().what;
            return what == ViewOf::keys     ? "dict_keys"
                   : what == ViewOf::values ? "dict_values"
                                            : "dict_items";
        }
        case Kind::range:
            return "range";
        case Kind::iterator:
            return "generator";
        case Kind::nameSpace:
            return "Namespace";
        case Kind::host:
            return value.as<HostObject>().typeName();
    }
    return {};
}

std::int64_t knownLength(const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
            return 0;
        case Kind::text:
            return static_cast<std::int64_t>(value.textObject().length);
        case Kind::list:
        case Kind::tuple:
            return static_cast<std::int64_t>(value.items().size());
        case Kind::dict:
            return static_cast<std::int64_t>(value.as<DictObject>().entries.size());
        case Kind::view:
            return knownLength(value.as<ViewObject>().dict);
        case Kind::range:
            return value.as<RangeObject>().length;
        case Kind::none:
        case Kind::boolean:
        case Kind::integer:
        case Kind::real:
        case Kind::iterator:
        case Kind::nameSpace:
        case Kind::host:
            return -1;
    }
    return -1;
}

bool isTrue(const Value& value) {
    if (value.is(Kind::none)) {
        return false;
    }
    if (value.isNumber()) {
        return value.asReal() != 0;
    }
    return knownLength(value) != 0;
}

void requireDefined(const Value& value) {
    if (value.is(Kind::undefined)) {
        fail(value.object() ? value.as<UndefinedObject>().message : "the value is undefined");
    }
}

}  // namespace apertura::jinja
