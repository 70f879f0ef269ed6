//===- Structure.cpp - The bytes of a plan --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/Checks.h"

using namespace v4;
using namespace v4::verify;

Check verify::checkStructure(const std::string &path, plan::Bytes file, plan::Plan &out) {
  Check check{"structure", {}};
  check.add(plan::checkPlan(path, file, out));
  if (check.holds())
    check.add(out.checkSeal());
  return check;
}

Check verify::checkSigner(const plan::Plan &plan, const plan::PublicKey &key) {
  Check check{"signature", {}};
  std::optional<plan::PublicKey> signer = plan.signer();
  if (!signer)
    check.add(checkFailed(plan.name(), ": is not signed, expected a signature with the key ", key.hex()));
  else if (*signer != key)
    check.add(checkFailed(plan.name(), ": is signed with the key ", signer->hex(), ", expected ", key.hex()));
  return check;
}

Check verify::checkWeights(const plan::Plan &plan) {
  Check check{"weights", {}};
  check.add(plan.verifyWeights());
  return check;
}
