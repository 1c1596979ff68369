#include "config/exclude_reader.hpp"

#include <algorithm>

#include "config/block_reader.hpp"
#include "config/host_options.hpp"
#include "config/nearest.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

/// How deep the lists are that make up one value of an option.
int list_depth(OptionType type) {
  return type == OptionType::matrix ? 2 : type == OptionType::reals ? 1 : 0;
}

int list_depth(const Node& node) {
  if (!node.is(Type::array)) return 0;
  return node.items.empty() ? 1 : 1 + list_depth(node.items.front());
}

/// The values that a condition lists: the elements of a list one deeper than the option's own.
std::vector<const Node*> alternatives(const Node& node, int depth) {
  if (list_depth(node) <= depth) return {&node};
  std::vector<const Node*> values;
  for (const Node& item : node.items) values.push_back(&item);
  return values;
}

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// Reads the conditions of one exclude on its models, or on its methods.
class ConditionReader {
 public:
  ConditionReader(std::vector<const Block*> blocks, const Catalog& catalog,
                  const ReadingContext& context)
      : blocks_(std::move(blocks)), catalog_(catalog), context_(context) {}

  /// @param subject  "model" or "method"
  std::vector<ExcludeCondition> read(const Node& node, const std::string& subject) {
    subject_ = subject;
    if (!node.is(Type::table)) {
      names(node);
      return std::move(conditions_);
    }
    // The name comes first, because it decides whose options the others are about.
    if (const Node* name = node.find("name")) names(*name);
    for (const Member& member : node.members) {
      if (member.key == "name") continue;
      if (subject == "model")
        member.key == "plugin" ? plugins(Kind::model, member.value) : model_option(member);
      else
        method_member(member);
    }
    return std::move(conditions_);
  }

 private:
  void problem(const Place& place, const std::string& text) {
    context_.problems.add(place, "exclude: " + text);
  }

  std::vector<Json> texts(const Node& node, const std::string& what,
                          const std::vector<std::string>& known) {
    std::vector<Json> values;
    for (const Node* value : alternatives(node, 0)) {
      if (!value->is(Type::text))
        problem(value->place, what + " must be a name or a list of names, got " + describe(*value));
      else if (std::find(known.begin(), known.end(), value->text) == known.end())
        problem(value->place, "there is no " + what + " \"" + value->text + "\" here" +
                                  suggestion(value->text, known));
      else
        values.push_back(value->text);
    }
    return values;
  }

  void names(const Node& node) {
    std::vector<std::string> known;
    for (const Block* block : blocks_) add_name(known, block->name);
    std::vector<Json> values = texts(node, subject_, known);
    // A name that is none has been reported; that no option is its own would only add noise.
    if (!values.empty())
      std::erase_if(blocks_, [&](const Block* block) {
        return std::find(values.begin(), values.end(), Json(block->name)) == values.end();
      });
    conditions_.push_back({std::nullopt, "name", std::move(values)});
  }

  void plugins(Kind kind, const Node& node) {
    std::vector<std::string> known;
    for_each_choice(kind, [&](const PluginChoice& choice) { add_name(known, choice.plugin); });
    if (has_unknown_plugin(kind)) return;
    conditions_.push_back({kind, "plugin", texts(node, kind_name(kind), known)});
  }

  void method_member(const Member& member) {
    for (Kind kind : method_slots) {
      if (member.key != kind_name(kind)) continue;
      if (!member.value.is(Type::table)) return plugins(kind, member.value);
      for (const Member& inner : member.value.members)
        inner.key == "plugin" ? plugins(kind, inner.value)
                              : option(kind, member.key + "." + inner.key, inner);
      return;
    }
    if (member.key == "stop" && member.value.is(Type::table)) {
      for (const Member& inner : member.value.members)
        host_option("stop." + inner.key, inner, "method.stop");
      return;
    }
    host_option(member.key, member, "method");
  }

  template <class Visit>
  void for_each_choice(Kind kind, Visit visit) const {
    for (const Block* block : blocks_)
      for (const Slot& slot : block->slots)
        if (slot.kind == kind)
          for (const PluginChoice& choice : slot.choices) visit(choice);
  }

  /// Whether a plugin could not be found, so that its options are not known; that is reported.
  bool has_unknown_plugin(Kind kind) const {
    return blocks_.empty() || std::any_of(blocks_.begin(), blocks_.end(), [&](const Block* block) {
             return std::any_of(block->slots.begin(), block->slots.end(), [&](const Slot& slot) {
               return slot.kind == kind && slot.choices.empty();
             });
           });
  }

  void option(Kind kind, const std::string& what, const Member& member) {
    std::vector<const Option*> declared;
    std::vector<std::string> known, also{"plugin"};
    for_each_choice(kind, [&](const PluginChoice& choice) {
      for (const Option& candidate : catalog_.find(kind, choice.plugin)->options) {
        add_name(known, candidate.name);
        if (candidate.name == member.key &&
            std::find(declared.begin(), declared.end(), &candidate) == declared.end())
          declared.push_back(&candidate);
      }
    });
    if (kind == Kind::model) also.push_back("name");
    add_condition(kind, what, member, declared, known, also);
  }

  /// An option of the model's plugin, or one of the host's.
  void model_option(const Member& member) {
    const bool is_host =
        std::any_of(host_tables().begin(), host_tables().end(), [&](const auto& h) {
          return h.name == "model" &&
                 std::any_of(h.options.begin(), h.options.end(),
                             [&](const Option& o) { return o.name == member.key; });
        });
    is_host ? host_option(member.key, member, "model") : option(Kind::model, member.key, member);
  }

  void host_option(const std::string& what, const Member& member, const std::string& table) {
    std::vector<const Option*> declared;
    std::vector<std::string> known;
    for (const HostTable& host : host_tables()) {
      if (host.name != table) continue;
      for (const Option& candidate : host.options) {
        known.push_back(candidate.name);
        if (candidate.name == member.key) declared.push_back(&candidate);
      }
    }
    if (table == "method")
      for (const char* key : {"name", "stop", "family", "estimator", "optimizer", "sampler"})
        known.push_back(key);
    add_condition(std::nullopt, what, member, declared, known, {});
  }

  void add_condition(std::optional<Kind> slot, const std::string& what, const Member& member,
                     const std::vector<const Option*>& declared,
                     const std::vector<std::string>& known, const std::vector<std::string>& also) {
    if (declared.empty() && slot && has_unknown_plugin(*slot)) return;
    if (declared.empty())
      return problem(member.place, "no " + subject_ + " here has \"" + what + "\"" +
                                       suggestion(member.key, known, also));
    ExcludeCondition condition{slot, slot ? member.key : what, {}};
    for (const Node* node : alternatives(member.value, list_depth(declared.front()->type)))
      if (auto value = accepted(*node, declared)) condition.any_of.push_back(std::move(*value));
    conditions_.push_back(std::move(condition));
  }

  /// The value in the type of the first option that takes it.
  std::optional<Json> accepted(const Node& node, const std::vector<const Option*>& declared) {
    for (const Option* candidate : declared) {
      const bool is_file = candidate->type == OptionType::path ||
                           candidate->type == OptionType::table ||
                           candidate->type == OptionType::array;
      if (is_file && node.is(Type::text)) return node.text;
      Problems attempt("", {});
      if (auto value =
              check_value(*candidate, node, "", {attempt, context_.find_data, context_.find_cell}))
        return value;
    }
    check_value(*declared.front(), node, "exclude: ", context_);
    return {};
  }

  std::vector<const Block*> blocks_;
  const Catalog& catalog_;
  const ReadingContext& context_;
  std::string subject_;
  std::vector<ExcludeCondition> conditions_;
};

std::vector<std::uint32_t> read_replicates(const Node& node, std::uint32_t repeats,
                                           const ReadingContext& context) {
  std::vector<std::uint32_t> replicates;
  for (const Node* value : alternatives(node, 0)) {
    if (!value->is(Type::integer) || value->integer < 0 || value->integer >= repeats)
      context.problems.add(value->place, "exclude: replicate must be an integer from 0 to " +
                                             std::to_string(repeats - 1) + ", got " +
                                             describe(*value));
    else
      replicates.push_back(std::uint32_t(value->integer));
  }
  return replicates;
}

}  // namespace

Exclude read_exclude(const Node& table, const std::vector<Grid>& grids, std::uint32_t repeats,
                     const Catalog& catalog, const ReadingContext& context) {
  Exclude exclude;
  exclude.place = table.place;
  for (const Member& member : table.members) {
    const bool is_model = member.key == "model";
    if (is_model || member.key == "method") {
      std::vector<const Block*> blocks;
      for (const Grid& grid : grids)
        for (const Block& block : is_model ? grid.models : grid.methods) blocks.push_back(&block);
      ConditionReader reader(std::move(blocks), catalog, context);
      (is_model ? exclude.model : exclude.method) = reader.read(member.value, member.key);
    } else if (member.key == "replicate") {
      exclude.replicates = read_replicates(member.value, repeats, context);
    } else {
      context.problems.add(member.place,
                           "exclude: there is no key \"" + member.key + "\"" +
                               suggestion(member.key, {"model", "method", "replicate"}));
    }
  }
  if (table.members.empty())
    context.problems.add(table.place,
                         "exclude: needs at least one condition (model, method or replicate)");
  return exclude;
}

}  // namespace elbow
