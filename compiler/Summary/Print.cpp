// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The tables, as lectures and papers print them: a layer a row with its shares, totals below.

#include "compiler/Summary/Print.h"

#include "compiler/Summary/Table.h"
#include "compiler/Support/Diagnostics.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace weft {
namespace {

using namespace summary;

double share(int64_t part, int64_t whole) { return whole == 0 ? 0 : 100.0 * double(part) / double(whole); }

/// "60.95 MB"; units of 1000, as lectures and data sheets have them.
std::string bytes(int64_t count) {
  constexpr StringRef units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = double(count);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(units); ++unit)
    value /= 1000;
  return (unit == 0 ? std::to_string(count) : formatv("{0:f2}", value).str()) + " " + units[unit].str();
}

Table layersOf(const NetworkSummary &network) {
  Table table({"layer", "operation", "output", "parameters", Cell("%", "parameters %"), "multiply-adds",
               Cell("%", "multiply-adds %"), "activations", Cell("%", "activations %"), "receptive field"},
              2);
  for (const LayerSummary &layer : network.layers)
    table.add({layer.path, layer.operation, layer.output, Cell::count(layer.parameters),
               Cell::fixed(share(layer.parameters, network.parameters), 1), Cell::count(layer.multiplyAdds),
               Cell::fixed(share(layer.multiplyAdds, network.multiplyAdds), 1), Cell::count(layer.activations),
               Cell::fixed(share(layer.activations, network.activations), 1), layer.receptiveField});
  return table;
}

void printTotals(const NetworkSummary &network, std::optional<int64_t> device, raw_ostream &out) {
  out << "parameters      " << grouped(network.parameters) << ", " << bytes(network.parameterBytes) << "\n";
  out << "multiply-adds   " << grouped(network.multiplyAdds) << "\n";
  out << "depth           " << network.depth << (network.depth == 1 ? " weight layer" : " weight layers") << " on the longest way, gates not counted\n";
  out << "forward memory  " << bytes(network.activationBytes) << ", " << grouped(network.activations)
      << " numbers: inputs and what each layer writes, all kept\n";
  if (!network.bounds.empty()) {
    out << "run-time sizes  at their bounds:";
    for (auto &[name, bound] : network.bounds)
      out << " " << name << " = " << grouped(bound);
    out << "\n";
  } else if (device) {
    out << "largest batch   " << grouped(network.largestBatch(*device)) << " in " << bytes(*device) << ": less "
        << bytes(network.parameterBytes) << " of parameters, " << bytes(network.activationBytes / network.batch)
        << " each\n";
    out << "when training   " << grouped(network.largestTrainingBatch(*device))
        << ": parameters three times (values, gradients, momentum), activations twice\n";
  }
}

Table comparison(ArrayRef<NamedSummary> networks, std::optional<int64_t> device) {
  std::vector<Cell> header{"network",       Cell("parameters"),
                           Cell("ratio", "parameters ratio"), Cell("multiply-adds"),
                           Cell("ratio", "multiply-adds ratio"), Cell("activations"),
                           Cell("ratio", "activations ratio"), Cell("depth")};
  if (device)
    header.push_back("largest batch");
  Table table(header);
  const NetworkSummary &first = networks.front().network;
  auto ratio = [](int64_t value, int64_t base) {
    return base == 0 ? Cell("-") : Cell::fixed(double(value) / double(base), 2);
  };
  for (const auto &[label, network] : networks) {
    std::vector<Cell> row{label,
                          Cell::count(network.parameters),
                          ratio(network.parameters, first.parameters),
                          Cell::count(network.multiplyAdds),
                          ratio(network.multiplyAdds, first.multiplyAdds),
                          Cell::count(network.activations),
                          ratio(network.activations, first.activations),
                          Cell::count(network.depth)};
    if (device)
      row.push_back(network.bounds.empty() ? Cell::count(network.largestBatch(*device)) : Cell("-"));
    table.add(std::move(row));
  }
  return table;
}

json::Value text(const std::string &string) { return json::isUTF8(string) ? string : json::fixUTF8(string); }

void printJson(const NamedSummary &named, std::optional<int64_t> device, json::OStream &out) {
  const NetworkSummary &network = named.network;
  out.attribute("name", text(network.name));
  out.attribute("label", text(named.label));
  out.attribute("parameters", network.parameters);
  out.attribute("parameter_bytes", network.parameterBytes);
  out.attribute("multiply_adds", network.multiplyAdds);
  out.attribute("activations", network.activations);
  out.attribute("forward_bytes", network.activationBytes);
  out.attribute("depth", network.depth);
  out.attribute("batch", network.batch);
  out.attributeObject("bounds", [&] {
    for (auto &[name, bound] : network.bounds)
      out.attribute(json::isUTF8(name) ? name : json::fixUTF8(name), bound);
  });
  if (device && network.bounds.empty()) {
    out.attribute("device_bytes", *device);
    out.attribute("largest_batch", network.largestBatch(*device));
    out.attribute("largest_training_batch", network.largestTrainingBatch(*device));
  }
  out.attributeArray("layers", [&] {
    for (const LayerSummary &layer : network.layers)
      out.object([&] {
        out.attribute("path", text(layer.path));
        out.attribute("operation", text(layer.operation));
        out.attribute("kind", text(layer.kind));
        out.attributeArray("shape", [&] {
          for (int64_t extent : layer.shape)
            out.value(extent);
        });
        out.attribute("output", text(layer.output));
        out.attribute("parameters", layer.parameters);
        out.attribute("parameters_percent", share(layer.parameters, network.parameters));
        out.attribute("multiply_adds", layer.multiplyAdds);
        out.attribute("multiply_adds_percent", share(layer.multiplyAdds, network.multiplyAdds));
        out.attribute("activations", layer.activations);
        out.attribute("activation_bytes", layer.activationBytes);
        out.attribute("activations_percent", share(layer.activations, network.activations));
        out.attribute("receptive_field", text(layer.receptiveField));
      });
  });
}

} // namespace

void printText(ArrayRef<NamedSummary> networks, std::optional<int64_t> device, raw_ostream &out) {
  if (networks.size() > 1)
    return comparison(networks, device).print(out);
  out << printable(networks.front().label, 200) << "\n\n";
  layersOf(networks.front().network).print(out);
  out << "\n";
  printTotals(networks.front().network, device, out);
}

void printCsv(ArrayRef<NamedSummary> networks, std::optional<int64_t> device, raw_ostream &out) {
  (networks.size() > 1 ? comparison(networks, device) : layersOf(networks.front().network)).printCsv(out);
}

void printJson(ArrayRef<NamedSummary> networks, std::optional<int64_t> device, raw_ostream &out) {
  json::OStream json(out, 2);
  json.object([&] {
    if (networks.size() == 1)
      return printJson(networks.front(), device, json);
    json.attributeArray("models", [&] {
      for (const NamedSummary &network : networks)
        json.object([&] { printJson(network, device, json); });
    });
  });
  out << "\n";
}

} // namespace weft
