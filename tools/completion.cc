#include "tools/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "base/text.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

struct Flag {
  std::vector<std::string> names;  // "-f", "--file"
  std::string help;
  bool takes_value = false;
  bool takes_file = false;
  std::vector<std::string> words{};  // it takes one of these
};

struct Command {
  std::string name;
  std::string help;
  std::vector<Flag> flags;
  std::vector<std::string> words{};  // positional
};

std::vector<std::string> WordsOf(const std::string& type) {
  std::vector<std::string> words;
  if (type.find('|') == std::string::npos) return words;
  for (const std::string_view word : Split(type, '|')) words.emplace_back(word);
  return words;
}

// Without what CLI11 says of its checks behind a colon.
std::string TypeOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

Flag FlagOf(const CLI::Option& option) {
  Flag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  flag.help = option.get_description();
  flag.takes_value = option.get_items_expected_max() > 0;
  const std::string type = TypeOf(option);
  flag.takes_file = flag.takes_value && (type == "FILE" || type == "PATH");
  if (flag.takes_value) flag.words = WordsOf(type);
  return flag;
}

Command CommandOf(const CLI::App& app) {
  Command command{app.get_name(), app.get_description(), {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.words = WordsOf(TypeOf(*option));
    } else {
      command.flags.push_back(FlagOf(*option));
    }
  }
  return command;
}

std::vector<Command> CommandsOf(const CLI::App& app) {
  std::vector<Command> commands;
  const auto visible = [](const CLI::App* one) { return !one->get_name().empty(); };
  for (const CLI::App* one : app.get_subcommands(visible)) commands.push_back(CommandOf(*one));
  return commands;
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string NamesOf(const std::vector<Command>& commands, std::string_view separator) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const Command& command : commands) names.push_back(command.name);
  return Join(names, separator);
}

// Everything that may follow a command.
std::string CandidatesOf(const Command& command) {
  std::vector<std::string> all = command.words;
  for (const Flag& flag : command.flags) {
    all.insert(all.end(), flag.names.begin(), flag.names.end());
  }
  return Join(all, " ");
}

std::string Bash(const Command& root, const std::vector<Command>& commands) {
  std::string script =
      "# bash completion of virtlens: source <(virtlens completion bash)\n"
      "_virtlens() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command= word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in\n"
      "      " +
      NamesOf(commands, "|") +
      ") command=$word; break ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command $previous\" in\n";
  for (const Command& command : commands) {
    for (const Flag& flag : command.flags) {
      if (!flag.takes_value) continue;
      std::vector<std::string> patterns;
      patterns.reserve(flag.names.size());
      for (const std::string& name : flag.names) {
        patterns.push_back("\"" + command.name + " " + name + "\"");
      }
      std::string action = "COMPREPLY=()";
      if (flag.takes_file) action = "COMPREPLY=($(compgen -f -- \"$current\"))";
      if (!flag.words.empty()) {
        action = "COMPREPLY=($(compgen -W \"" + Join(flag.words, " ") + "\" -- \"$current\"))";
      }
      script += "    " + Join(patterns, "|") + ") " + action + "; return ;;\n";
    }
  }
  script += "  esac\n  local candidates=\n  case $command in\n";
  for (const Command& command : commands) {
    script += "    " + command.name + ") candidates=\"" + CandidatesOf(command) + "\" ;;\n";
  }
  script += "    *) candidates=\"" + NamesOf(commands, " ") + " " + CandidatesOf(root) +
            "\" ;;\n"
            "  esac\n"
            "  COMPREPLY=($(compgen -W \"$candidates\" -- \"$current\"))\n"
            "}\n"
            "complete -o filenames -F _virtlens virtlens\n";
  return script;
}

// Text inside single quotes; `also` are characters that need a backslash.
std::string Quoted(std::string_view text, std::string_view also) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
      continue;
    }
    if (also.find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string ZshArgument(const Flag& flag, const std::string& name) {
  std::string argument = "'" + name + "[" + Quoted(flag.help, "[]:") + "]";
  if (flag.takes_file) {
    argument += ":file:_files";
  } else if (!flag.words.empty()) {
    argument += ":value:(" + Join(flag.words, " ") + ")";
  } else if (flag.takes_value) {
    argument += ":value: ";
  }
  return argument + "'";
}

std::string ZshArguments(const Command& command) {
  std::string text;
  for (const Flag& flag : command.flags) {
    for (const std::string& name : flag.names) {
      text += " \\\n        " + ZshArgument(flag, name);
    }
  }
  if (!command.words.empty()) text += " \\\n        '1:value:(" + Join(command.words, " ") + ")'";
  return text;
}

std::string Zsh(const Command& root, const std::vector<Command>& commands) {
  std::string script =
      "#compdef virtlens\n"
      "# zsh completion of virtlens: source <(virtlens completion zsh)\n"
      "_virtlens() {\n"
      "  local -a commands\n"
      "  commands=(\n";
  for (const Command& command : commands) {
    script += "    '" + command.name + ":" + Quoted(command.help, ":") + "'\n";
  }
  script += "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    _arguments" +
            ZshArguments(root) +
            "\n    return\n  fi\n"
            "  local command=$words[2]\n"
            "  shift words\n"
            "  (( CURRENT-- ))\n"
            "  case $command in\n";
  for (const Command& command : commands) {
    script += "    " + command.name + ")\n      _arguments" + ZshArguments(command) + " ;;\n";
  }
  return script + "  esac\n}\ncompdef _virtlens virtlens\n";
}

std::string FishOption(const std::string& condition, const Flag& flag) {
  std::string line = "complete -c virtlens -n '" + condition + "'";
  for (const std::string& name : flag.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (flag.takes_file) line += " -r -F";
  if (flag.takes_value && !flag.takes_file) line += " -x";
  if (!flag.words.empty()) line += " -a '" + Join(flag.words, " ") + "'";
  // In fish, \' stands for a quote inside quotes.
  std::string help;
  for (const char c : flag.help) {
    if (c == '\'' || c == '\\') help += '\\';
    help += c;
  }
  return line + " -d '" + help + "'\n";
}

std::string Fish(const Command& root, const std::vector<Command>& commands) {
  std::string script =
      "# fish completion of virtlens: virtlens completion fish | source\n"
      "complete -c virtlens -f\n";
  for (const Flag& flag : root.flags) script += FishOption("__fish_use_subcommand", flag);
  for (const Command& command : commands) {
    script += "complete -c virtlens -n '__fish_use_subcommand' -a " + command.name + " -d '" +
              command.help + "'\n";
  }
  for (const Command& command : commands) {
    const std::string condition = "__fish_seen_subcommand_from " + command.name;
    for (const Flag& flag : command.flags) script += FishOption(condition, flag);
    if (!command.words.empty()) {
      script +=
          "complete -c virtlens -n '" + condition + "' -a '" + Join(command.words, " ") + "'\n";
    }
  }
  return script;
}

constexpr const char* kFooter =
    R"(Prints a script that completes subcommands, flags and their values.

Examples:
  source <(virtlens completion bash)                                       in ~/.bashrc
  virtlens completion zsh > "${fpath[1]}/_virtlens"
  virtlens completion fish > ~/.config/fish/completions/virtlens.fish)";

}  // namespace

std::string CompletionScript(const CLI::App& app, std::string_view shell) {
  const Command root = CommandOf(app);
  const std::vector<Command> commands = CommandsOf(app);
  if (shell == "bash") return Bash(root, commands);
  if (shell == "zsh") return Zsh(root, commands);
  if (shell == "fish") return Fish(root, commands);
  return "";
}

void AddCompletion(CLI::App& app, Invocation& invocation) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script for shell completion");
  command->footer(kFooter);
  command->add_option("shell", *shell, "The shell")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""))
      ->type_name("bash|zsh|fish")
      ->required();
  command->callback([shell, &app, &invocation] {
    // Made now: the command line does not outlive its parsing.
    invocation.run = [script = CompletionScript(app, *shell)](Terminal& terminal) {
      terminal.out << script;
      return terminal.out.flush() ? kExitOk : kExitFailed;
    };
  });
}

}  // namespace virtlens::tools
