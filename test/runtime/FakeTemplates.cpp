//===- FakeTemplates.cpp - Kernels made of a template, played -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeTemplates.h"

#include "codegen/cuda/kernels/Attend.h"
#include "codegen/cuda/kernels/CombineRows.h"
#include "codegen/cuda/kernels/DispatchRows.h"
#include "codegen/cuda/kernels/ExpertProduct.h"
#include "codegen/cuda/kernels/IndexRows.h"
#include "codegen/cuda/kernels/SampleRows.h"
#include "codegen/cuda/kernels/SplitLinear.h"
#include "codegen/cuda/kernels/TensorRate.h"
#include "codegen/cuda/kernels/WideLinear.h"

#include <algorithm>
#include <list>
#include <map>
#include <tuple>

using namespace v4::cuda;
using namespace v4::test;

namespace {

/// Blocks that are played of a launch: a kernel does all work with any number of them, and few are quick.
constexpr unsigned kMostBlocks = 3;

/// Takes arguments off, each at the next multiple of its size.
class Arguments {
public:
  explicit Arguments(const FakeLaunch &launch) : launch(launch) {}

  template <typename T>
  T take() {
    return read<T>(alignof(T));
  }

  /// What was read is sound, and is all.
  bool isWhole() const { return sound && end == launch.bytes; }

private:
  template <typename T>
  T read(size_t alignment) {
    T value{};
    size_t begin = (end + alignment - 1) / alignment * alignment;
    end = begin + sizeof(T);
    sound &= end <= launch.bytes;
    if (sound)
      std::memcpy(&value, launch.arguments + begin, sizeof(T));
    return value;
  }

  const FakeLaunch &launch;
  size_t end = 0;
  bool sound = true;
  std::list<TensorMap> maps;
};

template <>
const TensorMap *Arguments::take<const TensorMap *>() {
  struct Words {
    FakeMap map;
    uint8_t rest[128 - sizeof(FakeMap)];
  };
  FakeMap map = read<Words>(64).map;
  bool isTile = map.swizzle && map.boxColumns * map.elementBytes == 128,
       isPlain = !map.swizzle && map.elementBytes == 4;
  sound &= map.magic == FakeMap::kMagic && (isTile || isPlain);
  maps.push_back({map.base, int(map.rows), int(map.columns), int(map.boxRows), isPlain ? int(map.boxColumns) : 0,
                  int(map.elementBytes)});
  return &maps.back();
}

template <typename... Parameters>
bool call(void (*kernel)(Parameters...), const FakeLaunch &launch, unsigned cluster) {
  Arguments arguments(launch);
  // In order: a list in braces.
  std::tuple<Parameters...> values{arguments.take<Parameters>()...};
  static unsigned seed = 0;
  unsigned blocks = cluster > 1 ? cluster : std::min(launch.blocks, kMostBlocks);
  return arguments.isWhole() && launch.blocks % cluster == 0 &&
         shim::launch(
             int(blocks), int(launch.threads), int(launch.sharedBytes), ++seed, [&] { std::apply(kernel, values); },
             int(cluster));
}

template <auto Kernel, unsigned CLUSTER = 1>
bool play(const FakeLaunch &launch) {
  return call(Kernel, launch, CLUSTER);
}

using Templates = std::map<std::string, FakeTemplate>;

/// Products whose sums have SPLITS blocks.
template <int SPLITS>
void addSplit(Templates &known) {
  std::string end = "_" + std::to_string(SPLITS);
  known["splitFp8Linear_16_1_9" + end] = play<&splitFp8Linear<16, 1, 9, SPLITS>, SPLITS>;
  known["splitFp8Linear_64_1_5" + end] = play<&splitFp8Linear<64, 1, 5, SPLITS>, SPLITS>;
  known["splitBf16Linear_16_1_9_0" + end] = play<&splitBf16Linear<16, 1, 9, 0, SPLITS>, SPLITS>;
  known["splitBf16Linear_64_1_5_0" + end] = play<&splitBf16Linear<64, 1, 5, 0, SPLITS>, SPLITS>;
  known["splitBf16Linear_16_1_9_1" + end] = play<&splitBf16Linear<16, 1, 9, 1, SPLITS>, SPLITS>;
  known["splitBf16Linear_64_1_5_1" + end] = play<&splitBf16Linear<64, 1, 5, 1, SPLITS>, SPLITS>;
}

/// Those that passes/lower chooses for the models that tests run.
Templates allTemplates() {
  Templates known = {
      {"combineRows_256", play<&combineRows<256>>},
      {"dispatchRows_256", play<&dispatchRows<256>>},
      {"fp8Linear_8_1_20", play<&fp8Linear<8, 1, 20>>},
      {"bf16Linear_8_1_20_0", play<&bf16Linear<8, 1, 20, 0>>},
      {"bf16Linear_8_1_20_1", play<&bf16Linear<8, 1, 20, 1>>},
      {"fp8Linear_16_1_18", play<&fp8Linear<16, 1, 18>>},
      {"bf16Linear_16_1_18_0", play<&bf16Linear<16, 1, 18, 0>>},
      {"bf16Linear_16_1_18_1", play<&bf16Linear<16, 1, 18, 1>>},
      {"fp8Linear_64_1_12", play<&fp8Linear<64, 1, 12>>},
      {"bf16Linear_64_1_12_0", play<&bf16Linear<64, 1, 12, 0>>},
      {"bf16Linear_64_1_12_1", play<&bf16Linear<64, 1, 12, 1>>},
      {"fp8Linear_128_2_6", play<&fp8Linear<128, 2, 6>>},
      {"bf16Linear_128_2_6_1", play<&bf16Linear<128, 2, 6, 1>>},
      {"wideLinear_8_1_20", play<&wideLinear<8, 1, 20>>},
      {"wideLinear_16_1_18", play<&wideLinear<16, 1, 18>>},
      {"wideLinear_64_1_8", play<&wideLinear<64, 1, 8>>},
      {"wideLinear_64_2_6", play<&wideLinear<64, 2, 6>>},
      {"expertProduct_8_10_1_0", play<&expertProduct<8, 10, 1, 0>>},
      {"expertProduct_8_10_1_1", play<&expertProduct<8, 10, 1, 1>>},
      {"expertProduct_8_10_0_0", play<&expertProduct<8, 10, 0, 0>>},
      {"expertProduct_8_10_0_1", play<&expertProduct<8, 10, 0, 1>>},
      {"expertProduct_16_8_1_0", play<&expertProduct<16, 8, 1, 0>>},
      {"expertProduct_16_8_1_1", play<&expertProduct<16, 8, 1, 1>>},
      {"expertProduct_16_8_0_0", play<&expertProduct<16, 8, 0, 0>>},
      {"expertProduct_16_8_0_1", play<&expertProduct<16, 8, 0, 1>>},
      {"expertProduct_64_10_1_0", play<&expertProduct<64, 10, 1, 0>>},
      {"expertProduct_64_10_1_1", play<&expertProduct<64, 10, 1, 1>>},
      {"expertProduct_64_10_0_0", play<&expertProduct<64, 10, 0, 0>>},
      {"expertProduct_64_10_0_1", play<&expertProduct<64, 10, 0, 1>>},
      {"attendRows_256_64_1", play<&attendRows<256, 64, 1>>},
      {"attendRows_256_64_4", play<&attendRows<256, 64, 4>>},
      {"attendRows_512_64_1", play<&attendRows<512, 64, 1>>},
      {"attendRows_512_64_4", play<&attendRows<512, 64, 4>>},
      {"attendMerge_256_64_8", play<&attendMerge<256, 64, 8>>},
      {"attendMerge_512_64_8", play<&attendMerge<512, 64, 8>>},
      {"indexCandidates_128_1_64", play<&indexCandidates<128, 1, 64>>},
      {"indexCandidates_128_4_512", play<&indexCandidates<128, 4, 512>>},
      {"selectCandidates_64", play<&selectCandidates<64>>},
      {"selectCandidates_512", play<&selectCandidates<512>>},
      {"sampleRows_1024", play<&sampleRows<1024>>},
      {"sampleRows_64", play<&sampleRows<64>>}, // of the made-up plan
      {"quantizeRows_8", play<&quantizeRows<8>>},
      {"tensorRate_0_2", play<&tensorRate<0, 2>>},
      {"tensorRate_1_2", play<&tensorRate<1, 2>>},
  };
  addSplit<2>(known);
  addSplit<4>(known);
  addSplit<8>(known);
  return known;
}

} // namespace

FakeTemplate v4::test::findFakeTemplate(const std::string &function) {
  static const Templates known = allTemplates();
  auto found = known.find(function);
  return found == known.end() ? nullptr : found->second;
}
