#include "plugins/child_scan.hpp"

#include <elbow/error.hpp>

#include "plugins/description.hpp"
#include "plugins/guarded_child.hpp"
#include "plugins/loader.hpp"

// The child sends one message before it touches a file and one when it is through with it. Whatever
// happens in between happened because of that file.

namespace elbow {
namespace {

enum ScanEvent : std::uint32_t { scan_started, scan_described, scan_refused };

void describe_one(const PluginFile& file, const ChildSide& host) {
  try {
    const Descriptor& descriptor = map_plugin(file.file, file.kind, file.name);
    host.send(scan_described, encode(describe_plugin(descriptor, file.file)));
  } catch (const Error& error) {
    host.send(scan_refused, error.what());
  } catch (const std::exception& error) {  // from the plugin's own function of options
    host.send(scan_refused, file.file.string() + ": threw while loading: " + error.what());
  }
}

/// Works through the files from `first` on in one child. @return the first file that is left
std::size_t run_child(const std::vector<PluginFile>& files, std::size_t first,
                      std::chrono::milliseconds patience, Catalog& catalog) {
  GuardedChild child([&](const ChildSide& host) {
    for (std::size_t i = first; i < files.size(); ++i) {
      host.forget_output();
      host.send(scan_started);
      describe_one(files[i], host);
    }
  });
  std::size_t next = first;
  bool at_work = false;
  while (const auto message = child.next(patience)) {
    at_work = message->kind == scan_started;
    if (at_work) continue;
    const PluginFile& file = files[next++];
    if (message->kind == scan_described)
      catalog.plugins.push_back(decode_plugin_info(message->bytes));
    else
      catalog.refusals.push_back({file.file, message->bytes, file.kind, file.name});
  }

  if (next == files.size()) return next;
  if (!at_work)
    throw Error("reading plugins: the process that maps them ended before its work: it " +
                child.ending());
  const PluginFile& culprit = files[next++];
  const std::string reason =
      child.too_late()
          ? "had not loaded after " + std::to_string(patience.count() / 1000.0).substr(0, 5) + " s"
          : child.ending() + " while loading";
  catalog.refusals.push_back({culprit.file,
                              culprit.file.string() + ": " + reason + child.last_output(),
                              culprit.kind, culprit.name});
  return next;
}

}  // namespace

void describe_in_child(const std::vector<PluginFile>& files, std::chrono::milliseconds deadline,
                       Catalog& catalog) {
  for (std::size_t next = 0; next < files.size();) next = run_child(files, next, deadline, catalog);
}

}  // namespace elbow
