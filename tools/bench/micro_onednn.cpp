// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Layers in oneDNN, for tools/bench/micro: a convolution a line on standard input,
//   N C H W O kernel-h kernel-w stride-h stride-w dilation-h dilation-w top left bottom right groups
// each with bias and ReLU, layouts as oneDNN likes them. ROUNDS times all of them in order, so that weights are as cold as
// in a network of these layers; prints the least milliseconds of each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using dim = memory::dim;

struct Layer {
  convolution_forward primitive;
  std::unordered_map<int, memory> arguments;
  double least = 1e30;
};

static memory filled(const memory::desc &desc, const engine &where) {
  memory out(desc, where);
  auto *data = static_cast<float *>(out.get_data_handle());
  for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i)
    data[i] = static_cast<float>(static_cast<int>(i * 2654435761u % 2001) - 1000) * 1e-3f;
  return out;
}

static Layer makeLayer(const engine &where, const dim (&d)[16]) {
  const dim n = d[0], c = d[1], o = d[4], g = d[15];
  auto extent = [&](int axis) {
    return (d[2 + axis] + d[11 + axis] + d[13 + axis] - d[9 + axis] * (d[5 + axis] - 1) - 1) / d[7 + axis] + 1;
  };
  auto any = [](memory::dims dims) {
    return memory::desc(dims, memory::data_type::f32, memory::format_tag::any);
  };
  const memory::desc source = any({n, c, d[2], d[3]}), result = any({n, o, extent(0), extent(1)});
  const memory::desc weights = g == 1 ? any({o, c, d[5], d[6]}) : any({g, o / g, c / g, d[5], d[6]});
  const memory::desc bias({o}, memory::data_type::f32, memory::format_tag::a);
  post_ops relu;
  relu.append_eltwise(algorithm::eltwise_relu, 0, 0);
  primitive_attr attributes;
  attributes.set_post_ops(relu);
  convolution_forward::primitive_desc chosen(where, prop_kind::forward_inference, algorithm::convolution_auto, source,
                                             weights, bias, result, {d[7], d[8]}, {d[9] - 1, d[10] - 1}, {d[11], d[12]},
                                             {d[13], d[14]}, attributes);
  return {convolution_forward(chosen),
          {{DNNL_ARG_SRC, filled(chosen.src_desc(), where)},
           {DNNL_ARG_WEIGHTS, filled(chosen.weights_desc(), where)},
           {DNNL_ARG_BIAS, filled(bias, where)},
           {DNNL_ARG_DST, filled(chosen.dst_desc(), where)}}};
}

int main(int count, char **arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 20;
  const engine where(engine::kind::cpu, 0);
  stream order(where);
  std::vector<Layer> layers;
  for (dim d[16];;) {
    int read = 0;
    while (read < 16 && std::scanf("%ld", &d[read]) == 1)
      ++read;
    if (read != 16)
      break;
    layers.push_back(makeLayer(where, d));
  }
  for (int round = 0; round < rounds; ++round)
    for (Layer &layer : layers) {
      const auto start = std::chrono::steady_clock::now();
      layer.primitive.execute(order, layer.arguments);
      order.wait();
      layer.least =
          std::min(layer.least, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
  for (const Layer &layer : layers)
    std::printf("%.6f\n", layer.least);
}
