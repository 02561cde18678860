// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Runs over a set of pictures, as many at once as the network takes: --images and --eval.
#pragma once

#include "tools/weft-run/Evaluation.h"
#include "tools/weft-run/Image.h"
#include "tools/weft-run/ImageSet.h"
#include "tools/weft-run/Patches.h"

extern "C" {
#include "runtime/src/main/session.h"
}

#include <memory>
#include <string>
#include <vector>

namespace weft::run {

class Feed {
public:
  std::string images, eval, confusion; ///< files and folders; empty: not wanted
  std::vector<Patches> patches;
  int mostPatches = 9;

  bool wanted() const { return !images.empty() || !eval.empty(); }

  /// Checks what was asked for, reads the set, and makes room for its pictures among the inputs. 0, or an exit code with
  /// a complaint.
  int prepare(weft_session &session, const Preparation &how);
  /// The patches, which want to watch.
  int begin(const weft_model &model);
  /// All runs, and what is told of them. 0, or an exit code with a complaint.
  int run(weft_session &session, const Preparation &how);

private:
  int checkOptions(const weft_options &options) const;
  int findPort(const weft_session &session);
  int findScores(const weft_session &session);
  int load(weft_session &session, const Preparation &how, size_t first);
  int runOnce(weft_session &session);
  void tell(const weft_session &session, size_t first);
  int report(const weft_session &session, const Preparation &how) const;
  int writeJson(const weft_session &session) const;

  ImageSet set;
  uint32_t input = 0;
  PicturePort port = {};
  int64_t classes = 0; ///< scores a picture; 0: none are wanted
  std::unique_ptr<Evaluation> evaluation;
  double networkMs = 0, wholeMs = 0;
};

} // namespace weft::run
