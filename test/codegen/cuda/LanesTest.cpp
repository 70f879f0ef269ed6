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

#include <map>
#include <set>

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
    v4::placeLaneBarriers(function(), groups);
    std::map<std::string, int> count;
    for (Instruction &instruction : instructions(function()))
      if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction)) {
        std::string block = instruction.getParent()->getName().str();
        if (intrinsic->getIntrinsicID() == Intrinsic::nvvm_bar_warp_sync)
          ++count[block];
        if (intrinsic->getIntrinsicID() == Intrinsic::nvvm_barrier_cta_sync_aligned_all)
          ++count[block + " of all"];
      }
    return count;
  }

  /// How many groups there are, and the loops that they share.
  std::string share(uint64_t scratchLimit = kScratchLimit) {
    EXPECT_EQ(obstacle(), "");
    groups = v4::shareLoops(function(), scratchLimit);
    EXPECT_FALSE(verifyModule(*module, &errs()));
    std::set<std::string> names;
    for (const BasicBlock *header : groups.headers)
      names.insert(header->getName().str());
    std::string text = std::to_string(groups.count);
    for (const std::string &name : names)
      text += " " + name;
    return text;
  }

  /// REQUIRES: there is no obstacle.
  std::string spread() {
    v4::spreadLanes(function(), groups);
    EXPECT_FALSE(verifyModule(*module, &errs()));
    std::string text;
    raw_string_ostream(text) << function();
    return text;
  }

private:
  LLVMContext context;
  std::unique_ptr<Module> module;
  v4::LaneGroups groups;
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

/// A loop %NAME of `rounds` rounds of 16 elements %NAME.i between two blocks.
std::string loopOf(const std::string &name, const std::string &from, const std::string &to, int rounds,
                   const std::string &body) {
  std::string n = "%" + name;
  return "  br label " + n + "\n" + name + ":\n  " + n + ".i = phi i64 [ 0, %" + from + " ], [ " + n + ".j, " + n +
         " ]\n" + body + "  " + n + ".j = add nuw nsw i64 " + n + ".i, 16\n  " + n + ".c = icmp eq i64 " + n + ".j, " +
         std::to_string(16 * rounds) + "\n  br i1 " + n + ".c, label %" + to + ", label " + n + "\n" + to + ":\n";
}

/// %NAME.v of place `from` goes to `to`, `ahead` elements further.
std::string moveOf(const std::string &name, const std::string &from, const std::string &to, int ahead = 0) {
  std::string n = "%" + name;
  return "  " + n + ".p = getelementptr float, ptr " + from + ", i64 " + n + ".i\n  " + n +
         ".v = load <16 x float>, ptr " + n + ".p\n  " + n + ".k = add i64 " + n + ".i, " + std::to_string(ahead) +
         "\n  " + n + ".q = getelementptr float, ptr " + to + ", i64 " + n + ".k\n  store <16 x float> " + n +
         ".v, ptr " + n + ".q\n";
}

const char *const kEnd = "  ret void\n";

TEST(SharedLoops, roundsThatTouchTheirOwn) {
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 64, moveOf("l", "%x", "%y")) + kEnd).share(), "8 l");
  // In place; an element is a round's whose start is ahead of the loop's.
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 64, moveOf("l", "%x", "%x")) + kEnd).share(), "8 l");
  // Few rounds are worth few groups, or none.
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 17, moveOf("l", "%x", "%y")) + kEnd).share(), "4 l");
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 4, moveOf("l", "%x", "%y")) + kEnd).share(), "1");
}

TEST(SharedLoops, roundsThatMeet) {
  // The first element of the next round; all of it, by a load.
  for (int ahead : {1, 16, -16})
    EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 64, moveOf("l", "%x", "%x", ahead)) + kEnd).share(), "1") << ahead;
  // A round that there is none of.
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 64, moveOf("l", "%x", "%x", 64 * 16)) + kEnd).share(), "8 l");
  // Every round stores the same place.
  EXPECT_EQ(Kernel("a:\n" +
                   loopOf("l", "a", "e", 64, "  store float 1.0, ptr %y\n  %l.v = load <16 x float>, ptr %x\n") + kEnd)
                .share(),
            "1");
  // A place that a load gives.
  std::string anywhere =
      "  %l.p = getelementptr i64, ptr %x, i64 %l.i\n  %l.o = load i64, ptr %l.p\n"
      "  %l.q = getelementptr float, ptr %y, i64 %l.o\n  store <16 x float> zeroinitializer, ptr %l.q\n";
  EXPECT_EQ(Kernel("a:\n" + loopOf("l", "a", "e", 64, anywhere) + kEnd).share(), "1");
}

TEST(SharedLoops, whatIsCarriedStaysEverybodys) {
  EXPECT_EQ(Kernel(R"(
a:
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %l ]
  %t = phi <16 x float> [ zeroinitializer, %a ], [ %s, %l ]
  %p = getelementptr float, ptr %x, i64 %i
  %v = load <16 x float>, ptr %p
  %s = fadd <16 x float> %t, %v
  %j = add nuw nsw i64 %i, 16
  %c = icmp eq i64 %j, 4096
  br i1 %c, label %e, label %l
e:
  store <16 x float> %s, ptr %y
  ret void
)")
                .share(),
            "1");
}

// As long as all groups add up the same sum few of them are better than many, which take more of a processor.
TEST(SharedLoops, aSumOfAllIsWorthFewGroups) {
  std::string sum = "  br label %r\nr:\n  %r.i = phi i64 [ 0, %b ], [ %r.j, %r ]\n"
                    "  %r.t = phi <16 x float> [ zeroinitializer, %b ], [ %r.s, %r ]\n"
                    "  %r.p = getelementptr float, ptr %x, i64 %r.i\n  %r.v = load <16 x float>, ptr %r.p\n"
                    "  %r.s = fadd <16 x float> %r.t, %r.v\n  %r.j = add nuw nsw i64 %r.i, 16\n"
                    "  %r.c = icmp eq i64 %r.j, 1024\n  br i1 %r.c, label %e, label %r\ne:\n"
                    "  %q = getelementptr float, ptr %y, i64 9999\n  store <16 x float> %r.s, ptr %q\n";
  std::string shared = "a:\n" + loopOf("l", "a", "b", 64, moveOf("l", "%x", "%y"));
  EXPECT_EQ(Kernel(shared + kEnd).share(), "8 l");
  EXPECT_EQ(Kernel(shared + sum + kEnd).share(), "2 l");
  // 2^64 rounds of all are more than 64 bits count.
  std::string endless = "  br label %o\no:\n  %o.i = phi i64 [ 0, %b ], [ %o.j, %p ]\n"
                        "  %o.t = phi <16 x float> [ zeroinitializer, %b ], [ %r.s, %p ]\n  br label %r\nr:\n"
                        "  %r.i = phi i64 [ 0, %o ], [ %r.j, %r ]\n"
                        "  %r.t = phi <16 x float> [ %o.t, %o ], [ %r.s, %r ]\n  %r.v = load <16 x float>, ptr %x\n"
                        "  %r.s = fadd <16 x float> %r.t, %r.v\n  %r.j = add nuw nsw i64 %r.i, 1\n"
                        "  %r.c = icmp eq i64 %r.j, 4294967296\n  br i1 %r.c, label %p, label %r\np:\n"
                        "  %o.j = add nuw nsw i64 %o.i, 1\n  %o.c = icmp eq i64 %o.j, 4294967296\n"
                        "  br i1 %o.c, label %e, label %o\ne:\n"
                        "  %q = getelementptr float, ptr %y, i64 9999\n  store <16 x float> %r.s, ptr %q\n";
  EXPECT_EQ(Kernel(shared + endless + kEnd).share(), "1");
}

/// 24 rounds, each with a sum of its own; `scratch` is what the inner loop stores and the next one loads.
std::string sums(const std::string &scratch, const std::string &stored) {
  return R"(
a:
  %s = alloca [64 x float], align 64
  br label %l
l:
  %i = phi i64 [ 0, %a ], [ %j, %f ]
  br label %m
m:
  %mi = phi i64 [ 0, %l ], [ %mj, %m ]
  %mp = getelementptr float, ptr %x, i64 %mi
  %mv = load <16 x float>, ptr %mp
  %mq = getelementptr float, ptr )" +
         scratch + ", i64 " + stored + R"(
  store <16 x float> %mv, ptr %mq
  %mj = add nuw nsw i64 %mi, 16
  %mc = icmp eq i64 %mj, 64
  br i1 %mc, label %g, label %m
g:
  br label %r
r:
  %ri = phi i64 [ 0, %g ], [ %rj, %r ]
  %t = phi <16 x float> [ zeroinitializer, %g ], [ %u, %r ]
  %rp = getelementptr float, ptr %s, i64 %ri
  %rv = load <16 x float>, ptr %rp
  %u = fadd <16 x float> %t, %rv
  %rj = add nuw nsw i64 %ri, 16
  %rc = icmp eq i64 %rj, 64
  br i1 %rc, label %f, label %r
f:
  %q = getelementptr <16 x float>, ptr %y, i64 %i
  store <16 x float> %u, ptr %q
  %j = add nuw nsw i64 %i, 1
  %c = icmp eq i64 %j, 24
  br i1 %c, label %e, label %l
e:
  ret void
)";
}

TEST(SharedLoops, scratchOfARound) {
  Kernel kernel(sums("%s", "%mi"));
  EXPECT_EQ(kernel.share(), "8 l");
  std::string text;
  raw_string_ostream(text) << kernel.function();
  EXPECT_THAT(text, HasSubstr("alloca [2048 x i8], align 64"));
  // Each lane loads what it stored.
  EXPECT_EQ(kernel.barriers(), Barriers());
  // No more than a block has: 4 * 256 bytes.
  EXPECT_EQ(Kernel(sums("%s", "%mi")).share(1200), "4 l");
  // What the round before left is no scratch of a round. The sum's loop carries, the other one is short.
  EXPECT_EQ(Kernel(sums("%s", "0")).share(), "1");
}

TEST(SharedLoops, groupsWaitBetweenLoops) {
  std::string head = "a:\n  %s = alloca [2048 x float], align 64\n";
  // Other groups' rounds, though of the same lane; once in front of the second loop.
  Kernel two(head + loopOf("l", "a", "b", 128, moveOf("l", "%x", "%s")) +
             loopOf("m", "b", "e", 64, moveOf("m", "%s", "%y")) + kEnd);
  EXPECT_EQ(two.share(), "8 l m");
  EXPECT_EQ(two.barriers(), Barriers({{"b of all", 1}}));
  // What group 0 stored everybody loads.
  Kernel first(head + "  %v = load <16 x float>, ptr %x\n  store <16 x float> %v, ptr %s\n" +
               "  %w = load <16 x float>, ptr %s\n  store <16 x float> %w, ptr %y\n" +
               loopOf("l", "a", "e", 64, moveOf("l", "%x", "%s")) + kEnd);
  EXPECT_EQ(first.share(), "8 l");
  EXPECT_EQ(first.barriers(), Barriers({{"a of all", 2}}));
  // Lanes of a group within a round.
  std::string mirror = moveOf("l", "%x", "%s") +
                       "  %l.e = load float, ptr %l.q\n"
                       "  %l.z = getelementptr float, ptr %y, i64 %l.i\n  store float %l.e, ptr %l.z\n";
  Kernel within(head + loopOf("l", "a", "e", 64, mirror) + kEnd);
  EXPECT_EQ(within.share(), "8 l");
  EXPECT_EQ(within.barriers(), Barriers({{"l", 2}}));
}

// What a group has stored in one turn is another one's in the next.
TEST(SharedLoops, groupsWaitAroundALoop) {
  Kernel kernel(
      "a:\n  br label %o\no:\n  %t = phi i64 [ 0, %a ], [ %u, %b ]\n  %y.t = getelementptr float, ptr %y, i64 %t\n" +
      loopOf("l", "o", "b", 64, moveOf("l", "%x", "%y.t")) +
      "  %u = add nuw nsw i64 %t, 16\n  %b.c = icmp eq i64 %u, %n\n  br i1 %b.c, label %e, label %o\ne:\n" + kEnd);
  EXPECT_EQ(kernel.share(), "8 l");
  EXPECT_EQ(kernel.barriers(), Barriers({{"o of all", 1}}));
}

// Two groups are a warp: its barrier is the block's, an exchange stays in a half.
TEST(SharedLoops, aWarpOfTwoGroups) {
  std::string body = moveOf("l", "%x", "%y") +
                     "  %l.e = extractelement <16 x float> %l.v, i64 3\n"
                     "  %l.z = getelementptr float, ptr %y, i64 %l.k\n  store float %l.e, ptr %l.z\n";
  Kernel kernel("a:\n" + loopOf("l", "a", "e", 8, body) + "  %w = load <16 x float>, ptr %x\n" +
                "  %u = extractelement <16 x float> %w, i64 2\n  %t = getelementptr float, ptr %y, i64 999\n" +
                "  store float %u, ptr %t\n" + kEnd);
  EXPECT_EQ(kernel.share(), "2 l");
  EXPECT_EQ(kernel.barriers(), Barriers({{"l", 2}, {"e", 1}}));
  std::string text = kernel.spread();
  EXPECT_THAT(text, HasSubstr("shl i32 65535,"));
  EXPECT_THAT(text, HasSubstr("i32 3, i32 4127)"));
  EXPECT_THAT(text, HasSubstr("i32 2, i32 4127)"));
  EXPECT_THAT(text, HasSubstr("shfl.sync.idx.f32(i32 -1,"));
  EXPECT_THAT(text, HasSubstr("bar.warp.sync(i32 -1)"));
}

} // namespace
