//===- CommandLine.h - Arguments of the tools that read plans ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_COMMANDLINE_H
#define V4_TOOLS_COMMANDLINE_H

#include "runtime/base/Status.h"
#include "tools/FlagValues.h"
#include "tools/OutputPaths.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace v4 {

class CommandLine {
public:
  explicit CommandLine(const char *tool) : tool(tool) {}

  /// Flags of the contract that this version lacks.
  std::vector<std::string_view> later;
  /// Flags that may stand alone, and the value that they then have: else the next argument would be taken for it.
  std::vector<std::pair<std::string_view, const char *>> alone;

  /// Parses into what `app` declares. Gives the exit code when the tool is to end here.
  std::optional<int> parse(CLI::App &app, int argc, char **argv) const {
    outliveFileLimits();
    std::vector<std::string> list;
    if (Status status = prepare(argc, argv, list); !status.isOk())
      return report(status);
    try {
      app.parse(list);
    } catch (const CLI::ParseError &error) {
      if (error.get_exit_code() == 0)
        return app.exit(error);
      return report(invalidInput(error.what(), "; see ", tool, " --help"));
    }
    return std::nullopt;
  }

  /// Says what went wrong; gives its exit code.
  int report(const Status &status) const {
    std::fprintf(stderr, "%s: %s\n", tool, status.message().c_str());
    return status.exitCode();
  }

  /// The exit code of what was printed: a full disk shows here.
  int finish(int code) const {
    if (std::fflush(stdout) == 0 && !std::ferror(stdout))
      return code;
    return report(invalidInput("standard output: cannot write: ", std::strerror(errno)));
  }

private:
  /// CLI11 takes a vector from its end.
  Status prepare(int argc, char **argv, std::vector<std::string> &out) const {
    if (const char *flag = flagWithoutValue(argc, argv))
      return invalidInput(flag, " has no value, expected one");
    for (int i = argc - 1; i > 0; --i) {
      std::string argument = argv[i];
      for (std::string_view flag : later)
        if (argument.substr(0, argument.find('=')) == flag)
          return invalidInput(flag, " is not yet supported; ", tool, " --help lists what is");
      for (auto &[flag, value] : alone)
        if (argument == flag)
          argument = joinText(flag, "=", value);
      out.push_back(argument);
    }
    return Status();
  }

  const char *tool;
};

} // namespace v4

#endif // V4_TOOLS_COMMANDLINE_H
