//===- Page.h - A plan as one page ------------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// v4-inspect --html. The page asks for nothing outside itself: style and script
// (page.css, closed-forms.js, page.js) are put into page.html at build time, the
// plan's figures when it is written. Tables and pictures are there without the
// script, which adds sliders.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_PAGE_H
#define V4_TOOLS_INSPECT_PAGE_PAGE_H

#include "runtime/plan/PlanLoader.h"
#include "tools/inspect/Devices.h"
#include "tools/inspect/page/Html.h"

namespace v4::inspect {

/// The page's sources; PageText.cpp is generated from them.
extern const char *const kPageTemplate;
extern const char *const kPageStyle;
extern const char *const kPageScript;

/// The sections of the page in between, for Page.cpp.
Html drawTiles(const plan::Plan &plan, const Device &device);
Html tableOfContexts(const plan::fb::Program &program);
Html tablesOfComponents(const plan::fb::Program &program);
Html tableOfMemory(const plan::Plan &plan);
Html tableOfComparison(const plan::fb::Program &program);
Html tablesOfFacts(const plan::Plan &plan);

/// Writes the page of `plan` to `path`, whole or not at all. Without a device, one that fits the plan's target is
/// taken. Unsupported when the plan holds no counts; `path` may not be the plan's own file.
Status writePage(const plan::Plan &plan, const Device *device, const std::string &path);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_PAGE_H
