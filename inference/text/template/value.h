// The values of a template: Python's, as far as Jinja2 templates see them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "inference/text/template/budget.h"

namespace apertura::jinja {

class Interpreter;
struct Arguments;

enum class Kind : std::uint8_t {
    undefined,
    none,
    boolean,
    integer,  // 64 bits; what does not fit is refused
    real,
    text,
    list,
    tuple,
    dict,
    view,  // d.keys(), d.values(), d.items()
    range,
    iterator,  // read once: what select, map and their kind give
    nameSpace,
    host,  // macros, functions, bound methods, loop, cycler, joiner
};

// What a value points to. Immutable once made, but for namespaces, iterators and hosts with a
// state.
struct Object {
    Object() = default;
    virtual ~Object();
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    // Lets go of the values that could be set after the object was made. Called as the rendering
    // ends, on objects that could be part of a cycle or of a long chain.
    virtual void forget() {}

    // Holds `bytes` of the budget until the object dies.
    void charge(Budget& budget, std::size_t bytes);

    int depth =
        0;  // of values within values, at most kMaxNesting: bounds every recursion over a value

private:
    Budget* m_budget = nullptr;
    std::size_t m_bytes = 0;
};

struct UndefinedObject : Object {
    std::string message;  // what to say when it is used
};

struct TextObject : Object {
    std::string text;        // UTF-8
    std::size_t length = 0;  // code points
    bool safe = false;       // markupsafe's Markup
    bool ascii() const { return length == text.size(); }
};

class Value {
public:
    Value() = default;  // undefined
    static Value none() { return Value(Kind::none); }
    static Value boolean(bool value);
    static Value integer(std::int64_t value);
    static Value real(double value);
    Value(Kind kind, std::shared_ptr<Object> object) : m_object(std::move(object)), m_kind(kind) {}

    Kind kind() const { return m_kind; }
    bool is(Kind kind) const { return m_kind == kind; }
    bool isNumber() const;  // boolean, integer or real
    bool isIntegral() const { return m_kind == Kind::integer || m_kind == Kind::boolean; }
    bool isSequence() const { return m_kind == Kind::list || m_kind == Kind::tuple; }

    bool asBoolean() const { return m_integer != 0; }
    std::int64_t asInteger() const { return m_integer; }  // of a boolean too
    double asReal() const { return m_kind == Kind::real ? m_real : static_cast<double>(m_integer); }

    // Requires: the kind that the object belongs to.
    const TextObject& textObject() const { return static_cast<const TextObject&>(*m_object); }
    const std::string& text() const { return textObject().text; }
    const std::vector<Value>& items() const;  // of a list or tuple
    template <typename T>
    T& as() const {
        return static_cast<T&>(*m_object);
    }
    template <typename T>
    T* tryAs() const {
        return dynamic_cast<T*>(m_object.get());
    }
    const std::shared_ptr<Object>& object() const { return m_object; }
    int depth() const { return m_object ? m_object->depth : 0; }

private:
    explicit Value(Kind kind) : m_kind(kind) {}

    std::shared_ptr<Object> m_object;
    union {
        std::int64_t m_integer = 0;
        double m_real;
    };
    Kind m_kind = Kind::undefined;
};

struct ListObject : Object {
    std::vector<Value> items;
    bool hashable = false;  // a tuple without lists and dicts in it, at any depth
    bool group = false;     // a tuple of groupby, with `grouper` and `list`
};

// Order of dict keys for the index; equal for keys that Python takes as one (1, 1.0, true).
struct KeyLess {
    Budget* budget = nullptr;
    bool operator()(const Value& a, const Value& b) const;
};

struct DictObject : Object {
    explicit DictObject(Budget& budget) : m_index(KeyLess{&budget}) {}

    std::vector<std::pair<Value, Value>> entries;  // in the order of insertion

    const Value* find(const Value& key) const;
    const Value* find(std::string_view key) const;
    // Adds the entry or replaces its value. Fails if the key is a list or a dict.
    void set(Budget& budget, const Value& key, const Value& value);

private:
    std::size_t indexOf(const Value& key) const;

    std::map<Value, std::size_t, KeyLess> m_index;  // empty while there are few entries
};

enum class ViewOf { keys, values, items };

struct ViewObject : Object {
    Value dict;
    ViewOf what = ViewOf::keys;
};

struct RangeObject : Object {
    std::int64_t start = 0;
    std::int64_t stop = 0;
    std::int64_t step = 1;
    std::int64_t length = 0;
    std::int64_t at(std::int64_t index) const { return start + index * step; }
};

struct IteratorObject : Object {
    // The next item into `item`; false at the end.
    virtual bool next(Interpreter& interpreter, Value& item) = 0;
};

struct NamespaceObject : Object {
    std::vector<std::pair<std::string, Value>> members;
    const Value* find(std::string_view name) const;
    void forget() override { std::exchange(members, {}).clear(); }
};

// Whatever has a behaviour of its own.
struct HostObject : Object {
    virtual std::string typeName() const = 0;
    virtual std::string describe() const { return "<" + typeName() + ">"; }
    virtual bool callable() const { return true; }
    // False if there is no such attribute.
    virtual bool attribute(Interpreter& interpreter, std::string_view name, Value& result);
    virtual Value call(Interpreter& interpreter, Arguments& arguments);
};

// Makers. Each checks the limits and charges the budget.
Value makeUndefined(std::string message);
Value makeText(Budget& budget, std::string text, bool safe = false);
Value makeConstantText(std::string text);  // belongs to a program, not to a rendering
Value makeList(Budget& budget, std::vector<Value> items);
Value makeTuple(Budget& budget, std::vector<Value> items);
std::shared_ptr<DictObject> makeDict(Budget& budget);
Value dictValue(std::shared_ptr<DictObject> dict);
Value makeRange(std::int64_t start, std::int64_t stop, std::int64_t step);  // Requires: step != 0

// Sets depth to one more than that of `part`, if that is deeper; ends the rendering at the limit.
void deepen(Object& object, const Value& part);

template <typename T>
std::shared_ptr<T> makeObject(Budget& budget) {
    auto object = std::make_shared<T>();
    object->charge(budget, sizeof(T) + 32);
    return object;
}

// Python's name of the type: 'str', 'NoneType', ..
std::string typeName(const Value& value);
bool isTrue(const Value& value);
// Items, if the value knows how many (len()); -1 otherwise.
std::int64_t knownLength(const Value& value);
// Fails if the value is undefined and so cannot be used.
void requireDefined(const Value& value);

}  // namespace apertura::jinja
