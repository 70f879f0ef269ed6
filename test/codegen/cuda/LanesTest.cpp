//===- LanesTest.cpp - Where lanes wait, and what has no lanes ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/SpreadLanes.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace llvm;
using ::testing::HasSubstr;

namespace {

constexpr uint64_t kScratchLimit = 227 << 10;

/// One function @k, the text between its braces.
class Kernel {
public:
  explicit Kernel(const std::string &body) {
    std::string text = "define void @k(ptr noalias %x, ptr noalias %y, i64 %n) {\n" + body + "}\n";
    SMDiagnostic error;
    module = parseAssemblyString(text, error, context);
    if (!module)
      ADD_FAILURE() << error.getMessage().str() << "\n" << text;
  }

  Function &function() { return *module->getFunction("k"); }
  std::string obstacle() { return v4::findLaneObstacle(function(), kScratchLimit); }

  /// Of every block, its barriers.
  std::map<std::string, int> barriers() {
    EXPECT_EQ(obstacle(), "");
    v4::placeLaneBarriers(function());
    std::map<std::string, int> count;
    for (Instruction &instruction : instructions(function()))
      if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
        if (intrinsic->getIntrinsicID() == Intrinsic::nvvm_bar_warp_sync)
          ++count[instruction.getParent()->getName().str()];
    return count;
  }

  std::string spread() {
    EXPECT_EQ(obstacle(), "");
    v4::spreadLanes(function());
    EXPECT_FALSE(verifyModule(*module, &errs()));
    std::string text;
    raw_string_ostream(text) << function();
    return text;
  }

private:
  LLVMContext context;
  std::unique_ptr<Module> module;
};

using Barriers = std::map<std::string, int>;

// A vector goes out and its mirror comes in: other lanes'.
TEST(LaneBarriers, loadOfOtherLanes) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [16 x float], align 64
  %v = load <16 x float>, ptr %x
  store <16 x float> %v, ptr %s
  %u = load float, ptr %s
  store float %u, ptr %y
  ret void
)")
                .barriers(),
            Barriers({{"a", 1}}));
}

// Element i of either is lane i's.
TEST(LaneBarriers, ownElementsNeedNone) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [64 x float], align 64
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %l ]
  %p = getelementptr float, ptr %s, i64 %i
  %v = load <16 x float>, ptr %p
  %w = fadd <16 x float> %v, %v
  store <16 x float> %w, ptr %p
  %j = add nuw nsw i64 %i, 16
  %c = icmp eq i64 %j, 64
  br i1 %c, label %e, label %l
e:
  ret void
)")
                .barriers(),
            Barriers());
}

// One element further: what lane 1 wrote is lane 0's now.
TEST(LaneBarriers, shiftedElements) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [64 x float], align 64
  %v = load <16 x float>, ptr %x
  store <16 x float> %v, ptr %s
  %p = getelementptr float, ptr %s, i64 1
  %w = load <16 x float>, ptr %p
  store <16 x float> %w, ptr %y
  ret void
)")
                .barriers(),
            Barriers({{"a", 1}}));
}

// Elements of two sizes at one address belong to two lanes.
TEST(LaneBarriers, otherSizes) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [64 x float], align 64
  %v = load <16 x float>, ptr %x
  store <16 x float> %v, ptr %s
  %w = load <16 x i16>, ptr %s
  store <16 x i16> %w, ptr %y
  ret void
)")
                .barriers(),
            Barriers({{"a", 1}}));
}

// A counter in memory: the load waits for lane 0's store, the store for all lanes' load.
TEST(LaneBarriers, counterInALoop) {
  EXPECT_EQ(Kernel(R"(
a:
  %v = load <16 x i32>, ptr %x
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %l ]
  %old = load i32, ptr %y
  %new = add i32 %old, 1
  store i32 %new, ptr %y
  %j = add nuw nsw i64 %i, 1
  %c = icmp eq i64 %j, %n
  br i1 %c, label %e, label %l
e:
  ret void
)")
                .barriers(),
            Barriers({{"l", 2}}));
}

// What was written before a loop is waited for once.
TEST(LaneBarriers, beforeTheLoop) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [16 x float], align 64
  %v = load <16 x float>, ptr %x
  store <16 x float> %v, ptr %s
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %l ]
  %p = getelementptr float, ptr %s, i64 %i
  %u = load float, ptr %p
  %q = getelementptr float, ptr %y, i64 %i
  store float %u, ptr %q
  %j = add nuw nsw i64 %i, 1
  %c = icmp eq i64 %j, 16
  br i1 %c, label %e, label %l
e:
  ret void
)")
                .barriers(),
            Barriers({{"a", 1}}));
}

// The next round overwrites what lanes still read: at the loop's back edge.
TEST(LaneBarriers, aroundTheLoop) {
  EXPECT_EQ(Kernel(R"(
a:
  %s = alloca [16 x float], align 64
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %l ]
  %o = mul nuw nsw i64 %i, 16
  %p = getelementptr float, ptr %x, i64 %o
  %v = load <16 x float>, ptr %p
  store <16 x float> %v, ptr %s
  %t = getelementptr float, ptr %s, i64 3
  %u = load float, ptr %t
  %q = getelementptr float, ptr %y, i64 %i
  store float %u, ptr %q
  %j = add nuw nsw i64 %i, 1
  %c = icmp eq i64 %j, %n
  br i1 %c, label %e, label %l
e:
  ret void
)")
                .barriers(),
            Barriers({{"l", 2}}));
}

TEST(LaneForm, obstacles) {
  EXPECT_THAT(Kernel("  store float 1.0, ptr %y\n  ret void\n").obstacle(), HasSubstr("no vectors"));
  EXPECT_THAT(Kernel("  %v = load <32 x float>, ptr %x\n  store <32 x float> %v, ptr %y\n  ret void\n").obstacle(),
              HasSubstr("load <32 x float>"));
  EXPECT_THAT(Kernel("  %v = load <16 x i8>, ptr %x\n  %w = bitcast <16 x i8> %v to <4 x i32>\n"
                     "  store <4 x i32> %w, ptr %y\n  ret void\n")
                  .obstacle(),
              HasSubstr("bitcast"));
  EXPECT_THAT(
      Kernel("  %p = load ptr, ptr %x\n  %v = load <16 x i8>, ptr %p\n  store <16 x i8> %v, ptr %y\n  ret void\n")
          .obstacle(),
      HasSubstr("ptr %p"));
  EXPECT_THAT(Kernel("  %s = alloca [300000 x i8]\n  %v = load <16 x i8>, ptr %x\n  store <16 x i8> %v, ptr %s\n"
                     "  ret void\n")
                  .obstacle(),
              HasSubstr("scratch of 300032 bytes, a block has 232448"));
}

// A sum by halves is a butterfly a level; the bindings that are written are no longer this thread's alone.
TEST(SpreadLanes, treeOfASum) {
  std::string text = Kernel(R"(
  %v = load <16 x float>, ptr %x
  %h = shufflevector <16 x float> %v, <16 x float> poison, <8 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %l = shufflevector <16 x float> %v, <16 x float> poison, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %s = fadd <8 x float> %l, %h
  %e = extractelement <8 x float> %s, i64 0
  store float %e, ptr %y
  ret void
)")
                         .spread();
  EXPECT_THAT(text, HasSubstr("shfl.sync.bfly.f32(i32 65535, float %4, i32 8, i32 31)"));
  EXPECT_THAT(text, HasSubstr("@k(ptr noalias %x, ptr %y, i64 %n)"));
  EXPECT_THAT(text, HasSubstr("icmp eq i32 %1, 0"));
}

} // namespace
