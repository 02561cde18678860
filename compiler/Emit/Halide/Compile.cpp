// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Lowering, the scratch formula taken on the way, and code generation; Halide's exceptions end here.
#include "compiler/Emit/Halide/Compile.h"

#include "compiler/Emit/Halide/AlignedFrame.h"
#include "compiler/Emit/Halide/OutputLoads.h"
#include "compiler/Emit/Halide/PairedPixels.h"
#include "compiler/Emit/Halide/Permute.h"
#include "compiler/Emit/Halide/Pipeline.h"
#include "compiler/Emit/Halide/Prefetch.h"
#include "compiler/Emit/Halide/ReversedLoads.h"
#include "compiler/Emit/Halide/ScratchOf.h"
#include "compiler/Emit/Halide/Target.h"
#include "compiler/Emit/Halide/TileSums.h"
#include "compiler/Kernel/WarmUp.h"

#include <algorithm>
#include <filesystem>

namespace weft::emit {

namespace {

std::string oneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  return text;
}

void compile(const kernel::KernelDesc &desc, const Halide::Target &target, const std::string &objectPath,
             const std::string &assemblyPath, CompiledKernel &result) {
  BuiltPipeline built = buildPipeline(kernel::withWarmUp(desc));
  auto *scratch = new ScratchOf(desc); // the pipeline owns its passes
  built.pipeline.add_custom_lowering_pass(new OutputLoads(built.pipeline.outputs()));
  built.pipeline.add_custom_lowering_pass(new ReversedLoads);
  built.pipeline.add_custom_lowering_pass(scratch);
  built.pipeline.add_custom_lowering_pass(new TileSums(desc));
  built.pipeline.add_custom_lowering_pass(new PairedPixels(desc));
  built.pipeline.add_custom_lowering_pass(new Permute(desc));
  for (Prefetch *pass : prefetchesOf(desc))
    built.pipeline.add_custom_lowering_pass(pass);
  if (AlignedFrame::isNeeded(desc))
    built.pipeline.add_custom_lowering_pass(new AlignedFrame);
  Halide::Module module =
      built.pipeline.compile_to_module(built.inputs, desc.name, target, Halide::LinkageType::External);
  result.scratch = scratch->formula();
  if (objectPath.empty())
    return;
  std::map<Halide::OutputFileType, std::string> files = {{Halide::OutputFileType::object, objectPath}};
  if (!assemblyPath.empty())
    files[Halide::OutputFileType::assembly] = assemblyPath;
  module.compile(files);
}

} // namespace

bool compileKernel(const kernel::KernelDesc &desc, const CompileOptions &options, const std::string &objectPath,
                   const std::string &assemblyPath, CompiledKernel &result, std::string &error) {
  std::optional<std::string> target = halideTarget(options.target, options.asserts);
  if (!target) {
    error = "no target `" + options.target + "`; choose one of " + halideTargetNames();
    return false;
  }
  try {
    compile(desc, Halide::Target(*target), objectPath, assemblyPath, result);
    return true;
  } catch (const Halide::Error &failure) {
    error = oneLine(failure.what());
  } catch (const std::exception &failure) {
    error = oneLine(failure.what());
  }
  std::error_code ignored;
  std::filesystem::remove(objectPath, ignored);
  return false;
}

} // namespace weft::emit
