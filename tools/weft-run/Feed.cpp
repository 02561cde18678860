// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The loop over a set of pictures: load a batch, run, take the scores. A last batch that is not full repeats its last
// picture; what comes of those is not looked at.

#include "tools/weft-run/Feed.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace weft::run {
namespace {

constexpr int64_t widestConfusion = 10000;

double millisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int Feed::checkOptions(const weft_options &options) const {
  if (!images.empty() && !eval.empty())
    return weft_complain_usage("`--eval` brings its own pictures: leave out `--images`");
  if (options.output_count || options.profile || options.repeat != 1)
    return weft_complain_usage("`--%s` is for one run, not for a set of pictures", options.output_count ? "output"
                                                                                   : options.profile    ? "profile"
                                                                                                        : "repeat");
  if (!confusion.empty() && eval.empty())
    return weft_complain_usage("`--confusion` is what `--eval` finds: give `--eval DIR`");
  if (eval.empty() && patches.empty() && options.top == 0)
    return weft_complain_usage("`--images` needs to know what for: `--top K` or `--top-patches LAYER=FILE.png`");
  return 0;
}

/// The one port that takes pictures and is not given as a file.
int Feed::findPort(const weft_session &session) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < session.info.input_count; ++i)
    if (PicturePort candidate; describe(session.info.inputs[i], candidate)) {
      ++found;
      input = i;
      port = candidate;
    }
  if (found == 1)
    return 0;
  return weft_complain(
      "`%s` has %u inputs that take pictures (f32[N, C, H, W] or u8[N, H, W, C], C 1 or 3); it must be one",
      session.info.name, found);
}

/// The first output gives each picture a row of scores.
int Feed::findScores(const weft_session &session) {
  const weft_port *scores = session.info.output_count ? &session.info.outputs[0] : nullptr;
  int64_t values = 1;
  for (uint32_t d = 1; scores && d < scores->rank; ++d)
    values = scores->dims[d] > 0 && values < INT32_MAX ? values * scores->dims[d] : 0;
  const bool row = scores && scores->dtype == WEFT_F32 && scores->rank >= 2 && scores->dims[0] == port.batch &&
                   values > 0 &&
                   std::count_if(scores->dims + 1, scores->dims + scores->rank, [](auto d) { return d != 1; }) <= 1;
  if (!row || values >= INT32_MAX)
    return weft_complain("the first output of `%s` is no row of scores for each picture, f32[%lld, classes]",
                         session.info.name, static_cast<long long>(port.batch));
  classes = values;
  if (!confusion.empty() && classes > widestConfusion)
    return weft_complain("`--confusion` writes at most %lld classes, `%s` tells %lld apart",
                         static_cast<long long>(widestConfusion), session.info.name, static_cast<long long>(classes));
  return 0;
}

int Feed::prepare(weft_session &session, const Preparation &how) {
  if (int failed = checkOptions(session.options))
    return failed;
  const char *labels = session.options.labels;
  if (findPort(session) || checkNumbers(how, session.info.inputs[input], port) || (labels && set.classes.read(labels)))
    return WEFT_EXIT_ERROR;
  if ((!eval.empty() || session.options.top) && findScores(session))
    return WEFT_EXIT_ERROR;
  if (labels && classes > 0 && set.classes.size() != static_cast<size_t>(classes))
    return weft_complain("`%s` holds %zu labels; the network tells %lld classes apart", labels, set.classes.size(),
                         static_cast<long long>(classes));
  if (!eval.empty() ? readLabelledPictures(eval, static_cast<size_t>(classes), set) : readPictures(images, set))
    return WEFT_EXIT_ERROR;
  if (!eval.empty())
    evaluation = std::make_unique<Evaluation>(static_cast<size_t>(classes));
  const weft_port &to = session.info.inputs[input];
  session.inputs[input] = {nullptr, to.dtype, 4, {to.dims[0], to.dims[1], to.dims[2], to.dims[3]}};
  return weft_array_allocate(&session.inputs[input], to.name);
}

int Feed::begin(const weft_model &model) {
  for (Patches &layer : patches) {
    layer.most = mostPatches;
    if (layer.begin(model, input) != 0)
      return 1;
  }
  return 0;
}

int Feed::load(weft_session &session, const Preparation &how, size_t first) {
  Picture picture;
  for (int64_t slot = 0; slot < port.batch; ++slot) {
    const size_t number = first + static_cast<size_t>(slot);
    if (number < set.samples.size() && loadPicture(set.samples[number].file, how, port, picture) != 0)
      return 1;
    store(picture, how, port, slot, session.inputs[input]);
  }
  return 0;
}

int Feed::runOnce(weft_session &session) {
  const auto start = std::chrono::steady_clock::now();
  if (session.api->run(session.instance, session.inputs, session.outputs, session.sizes) != WEFT_OK)
    return weft_complain("%s", session.api->error_message());
  networkMs += millisecondsSince(start);
  return 0;
}

void Feed::tell(const weft_session &session, size_t first) {
  const size_t count = std::min(static_cast<size_t>(port.batch), set.samples.size() - first);
  for (size_t i = 0; i < count && classes != 0; ++i) {
    const float *scores = static_cast<const float *>(session.outputs[0].data) + i * static_cast<size_t>(classes);
    if (evaluation)
      evaluation->take(scores, set.samples[first + i].label);
    if (session.options.top == 0)
      continue;
    std::printf("%s\n", set.samples[first + i].file.c_str());
    std::vector<size_t> order(static_cast<size_t>(classes));
    for (size_t c = 0; c < order.size(); ++c)
      order[c] = c;
    const size_t top = std::min(order.size(), static_cast<size_t>(session.options.top));
    auto key = [&](size_t c) { return std::isnan(scores[c]) ? -INFINITY : scores[c]; };
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(top), order.end(),
                      [&](size_t a, size_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
    for (size_t k = 0; k < top; ++k)
      std::printf("  %-8zu %12.6g  %s\n", order[k], scores[order[k]],
                  order[k] < set.classes.size() ? set.classes.name(order[k]).c_str() : "");
  }
}

int Feed::run(weft_session &session, const Preparation &how) {
  const size_t step = static_cast<size_t>(port.batch);
  for (int i = 0; i < session.options.warmup; ++i)
    if (load(session, how, 0) || runOnce(session))
      return WEFT_EXIT_ERROR;
  networkMs = 0;
  const auto start = std::chrono::steady_clock::now();
  for (size_t first = 0; first < set.samples.size(); first += step) {
    for (Patches &layer : patches)
      layer.next(first, static_cast<int64_t>(std::min(step, set.samples.size() - first)));
    if (load(session, how, first) || runOnce(session))
      return WEFT_EXIT_ERROR;
    tell(session, first);
  }
  wholeMs = millisecondsSince(start);
  return report(session, how) ? WEFT_EXIT_ERROR : 0;
}

int Feed::report(const weft_session &session, const Preparation &how) const {
  const double pictures = static_cast<double>(set.samples.size());
  if (evaluation) {
    evaluation->print(set.classes);
    const int threads = session.api->instance_threads(session.instance);
    std::printf("\nspeed     %.1f images/s in the network, %.1f with reading the pictures (%lld at once, %d thread%s)\n",
                1e3 * pictures / networkMs, 1e3 * pictures / wholeMs, static_cast<long long>(port.batch),
                threads, threads == 1 ? "" : "s");
    if (!confusion.empty() && evaluation->writeCsv(confusion, set.classes) != 0)
      return 1;
  }
  for (const Patches &layer : patches)
    if (layer.end(set, how, port) != 0)
      return 1;
  return session.options.json ? writeJson(session) : 0;
}

int Feed::writeJson(const weft_session &session) const {
  weft_output output;
  if (weft_output_open(&output, session.options.json) != 0)
    return 1;
  const double pictures = static_cast<double>(set.samples.size());
  std::fprintf(output.stream,
               "{\n  \"threads\": %d,\n  \"batch\": %lld,\n  \"images_per_second\": %.3f,\n"
               "  \"images_per_second_with_reading\": %.3f",
               session.api->instance_threads(session.instance), static_cast<long long>(port.batch),
               1e3 * pictures / networkMs, 1e3 * pictures / wholeMs);
  if (evaluation) {
    std::fputs(",\n  ", output.stream);
    evaluation->printJson(output.stream);
  }
  std::fputs("\n}\n", output.stream);
  const int failed = weft_output_finish(&output) || weft_output_publish(&output);
  weft_output_drop(&output);
  return failed;
}

} // namespace weft::run
