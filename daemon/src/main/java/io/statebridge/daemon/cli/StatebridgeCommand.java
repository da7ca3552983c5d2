package io.statebridge.daemon.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The command line as a whole: finds the command, and turns whatever goes wrong into one line. */
@Command(
    name = "statebridge",
    description = "Follows containerd's events and answers what state every container is in.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such container.",
      "See 'statebridge COMMAND --help' for a command's options."
    })
public final class StatebridgeCommand implements Callable<Integer> {
  @Spec private CommandSpec command = CommandSpec.create();

  private StatebridgeCommand() {}

  /**
   * Runs the command that the arguments name, on the calling thread, with the process's own
   * streams.
   *
   * @param moreSubcommands picocli commands besides the client's own; each names itself
   * @return the process's exit status
   */
  public static int execute(String[] args, Object... moreSubcommands) {
    return execute(Terminal.ofProcess(), args, moreSubcommands);
  }

  static int execute(Terminal terminal, String[] args, Object... moreSubcommands) {
    CommandLine commandLine = new CommandLine(new StatebridgeCommand());
    for (Object subcommand : moreSubcommands) {
      commandLine.addSubcommand(subcommand);
    }
    int status =
        commandLine
            .addSubcommand(new ListCommand(terminal))
            .addSubcommand(new GetCommand(terminal))
            .addSubcommand(new WatchCommand(terminal))
            .addSubcommand(new WaitCommand(terminal))
            .addSubcommand(new StatusCommand(terminal))
            .addSubcommand(new DemoCommand(terminal))
            .addSubcommand(new VersionCommand(terminal))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExpandAtFiles(false)
            .setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
            .setParameterExceptionHandler((e, ignored) -> misused(terminal, e))
            .setExecutionExceptionHandler((e, ignored, result) -> failed(terminal, e, result))
            .execute(args);
    // A reader that has gone, as in "| head -1", is told nothing: it knows.
    return !terminal.isRead() && status == ExitStatus.DONE ? ExitStatus.FAILED : status;
  }

  /** Without a command there is nothing to do but to say which ones exist. */
  @Override
  public Integer call() {
    command.commandLine().usage(command.commandLine().getErr());
    return ExitStatus.USAGE;
  }

  private static int misused(Terminal terminal, ParameterException e) {
    String message = String.valueOf(e.getMessage());
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    terminal.complain(decapitalized(message) + "; see '" + name + " --help'");
    return ExitStatus.USAGE;
  }

  private static int failed(Terminal terminal, Exception e, ParseResult result) {
    if (e instanceof CommandFailure failure) {
      terminal.complain(String.valueOf(failure.getMessage()));
      return failure.exitStatus();
    }
    terminal.complain("internal error, please report it: " + result.originalArgs() + ": " + e);
    return ExitStatus.FAILED;
  }

  private static String decapitalized(String message) {
    return message.substring(0, Math.min(1, message.length())).toLowerCase(Locale.ROOT)
        + message.substring(Math.min(1, message.length()));
  }
}
